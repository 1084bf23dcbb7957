/** One simple command as sh would start it: assignments, redirections and words like `sudo` taken away. */
export interface SimpleCommand {
  readonly path: string;
  /** The path without its folder. */
  readonly program: string;
  readonly words: readonly string[];
}

const operators = new Set([';', '&', '|', '(', ')', '\n']);
/** Words before a command that do not change which one it is. */
const before =
  /^(?:sudo|exec|env|nohup|nice|command|time|if|then|else|do|while|until|!|\{|[A-Za-z_][A-Za-z0-9_]*=.*)$/;

/**
 * The simple commands of what knockd hands to `sh -c`, for a reader that only wants to know which tools are
 * called with which words: expansions (`$x`) stay as they are written. Never throws; unbalanced quotes end
 * with the text.
 */
export function simpleCommands(text: string, depth = 0): SimpleCommand[] {
  return split(text).flatMap((words) => {
    let first = 0;
    while (before.test(words[first] ?? '')) first += 1;
    const [path, ...rest] = words.slice(first);
    if (path === undefined || /^(?:\}|fi|done|esac)$/.test(path)) return [];
    const program = path.slice(path.lastIndexOf('/') + 1);
    const script = /^(?:ba|da)?sh$/.test(program) && /^-[a-z]*c$/.test(rest[0] ?? '') ? rest[1] : undefined;
    return script === undefined || depth > 2
      ? [{ path, program, words: rest }]
      : simpleCommands(script, depth + 1);
  });
}

/** Words of each simple command; redirections and comments are gone. */
function split(text: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let toFile = false;
  const end = (): void => {
    if (word !== undefined && !toFile) commands.at(-1)?.push(word);
    if (word !== undefined) toFile = false;
    word = undefined;
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === "'" || char === '"') {
      const [inside, next] = quoted(text, i + 1, char);
      word = (word ?? '') + inside;
      i = next;
    } else if (char === '\\') {
      i += 1;
      word = (word ?? '') + text.charAt(i);
    } else if (char === ' ' || char === '\t') end();
    else if (char === '#' && word === undefined) {
      const newline = text.indexOf('\n', i);
      if (newline === -1) break;
      i = newline - 1;
    } else if (char === '>' || char === '<') {
      // `2>` and `&>`: the number belongs to the redirection; `>&1` has no file of its own.
      if (word !== undefined && /^\d$/.test(word)) word = undefined;
      end();
      const more = /^[<>&|]*/.exec(text.slice(i + 1, i + 4))?.[0].length ?? 0;
      toFile = true;
      i += more;
    } else if (operators.has(char) && !(char === '&' && text.charAt(i + 1) === '>')) {
      end();
      toFile = false;
      commands.push([]);
    } else if (char !== '&') word = (word ?? '') + char;
  }
  end();
  return commands.filter((words) => words.length > 0);
}

/** What stands inside of quotes that begin before `from`, and where they end. */
function quoted(text: string, from: number, mark: string): [inside: string, end: number] {
  let inside = '';
  let i = from;
  for (; i < text.length && text.charAt(i) !== mark; i += 1) {
    if (mark === '"' && text.charAt(i) === '\\' && '"\\$`'.includes(text.charAt(i + 1))) i += 1;
    inside += text.charAt(i);
  }
  return [inside, i];
}
