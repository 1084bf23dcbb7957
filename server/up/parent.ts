/**
 * A child's side of the line to `latchkey up`: JSON lines, stdout up, stdin down. stderr is the log. When `up` is gone,
 * however it died, stdin ends, and the child ends too.
 */
export interface Parent {
  say(message: object): void;
  /** Messages that came before are handed over first. */
  onMessage(listener: (message: Readonly<Record<string, unknown>>) => void): void;
  onEnd(listener: () => void): void;
}

export function parentLine(): Parent {
  const early: Record<string, unknown>[] = [];
  let listener: ((message: Record<string, unknown>) => void) | undefined;
  let ended = false;
  let onEnd: (() => void) | undefined;
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd?.();
  };
  readLines(process.stdin, (message) => (listener === undefined ? early.push(message) : listener(message)));
  process.stdin.on('end', end);
  process.stdin.on('error', end);
  process.stdout.on('error', end);
  return {
    say: (message) => void process.stdout.write(`${JSON.stringify(message)}\n`),
    onMessage(next) {
      listener = next;
      for (const message of early.splice(0)) next(message);
    },
    onEnd(next) {
      onEnd = next;
      if (ended) next();
    },
  };
}

/** Objects of a stream of JSON lines; what is no object in JSON is left out. */
export function readLines(
  stream: NodeJS.ReadableStream,
  take: (message: Record<string, unknown>) => void,
): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    rest += text;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parse(line);
      if (message !== undefined) take(message);
    }
  });
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Runs `stop` once, when a signal comes or `up` is gone, and then ends the process. */
export function untilStopped(stop: () => Promise<void>, parent?: Parent): void {
  let stopping = false;
  const begin = (): void => {
    if (stopping) return;
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
  parent?.onEnd(begin);
}
