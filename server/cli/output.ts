import { LatchkeyError } from '../../lib/errors.ts';
import { fail } from './fail.ts';

/** A reader that has had enough (`| head`) is no error; a disk that is full is one, and is said in a line. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(fail(outputError(error), false));
  });
}

/** Some at a time, and no faster than they are read. Ends early, without an error, where nobody reads any more. */
export async function writeAll(pieces: Iterable<string> | AsyncIterable<string>): Promise<void> {
  let chunk = '';
  for await (const piece of pieces) {
    chunk += piece;
    if (chunk.length < 65_536) continue;
    if (!(await flush(chunk))) return;
    chunk = '';
  }
  await flush(chunk);
}

/** False: nobody reads it. Throws `tool-failed`. */
function flush(chunk: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => {
      if (error === null || error === undefined) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') resolve(false);
      else reject(outputError(error));
    });
  });
}

function outputError(error: NodeJS.ErrnoException): LatchkeyError {
  return new LatchkeyError('tool-failed', `standard output: ${error.code ?? error.message}`, {
    cause: error,
  });
}
