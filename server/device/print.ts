/** One value for a script, or lines for people. */
export function print(json: boolean, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''));
}

/** One line at once, for people: what happens while they wait. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
