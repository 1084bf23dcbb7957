/** One value for a script, or lines for people. */
export function print(json: boolean, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''));
}

/** `1 archive`, `2 archives` */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** One line at once, for people: what happens while they wait. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
