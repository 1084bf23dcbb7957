import { LatchkeyError } from '../../lib/errors.ts';
import { start, type Child } from '../run.ts';

/**
 * One `nft -i` that stays: a command costs a tenth of a millisecond instead of a process start.
 *
 * nft has no positive answer. So each command is followed by a word that it cannot know, and the complaint
 * about that word says that everything before it is done. Both outputs come through one pipe: with two, the
 * complaint can be read before the answer.
 */

/** nft keeps every line it was given (libedit's history): a fresh one now and then bounds its memory. */
const linesOfOneLife = 20_000;
/** Far above the 0.1 to 60 ms seen; only a stuck kernel or a stopped process gets there. */
const patienceMs = 5000;

export interface NftSession {
  /**
   * Runs lines in order, one transaction each, and resolves with what nft said to each ('' is silence;
   * complaints start with 'Error:'). Asked one at a time: the caller waits for the answer.
   * Throws LatchkeyError: `tool-missing`, `tool-timeout`, or `tool-failed` with `died` when nft ended.
   */
  ask(lines: readonly string[]): Promise<string[]>;
  stop(): Promise<void>;
}

/** nft ended while it was asked: what it did not answer may have happened or not. */
export class NftDied extends LatchkeyError {
  constructor(detail: string) {
    super('tool-failed', detail);
    this.name = 'NftDied';
  }
}

interface Question {
  readonly markers: readonly string[];
  readonly answers: string[];
  readonly resolve: (answers: string[]) => void;
  readonly reject: (error: LatchkeyError) => void;
}

/** `directory`: 0700, for the moment of connecting the pipe. */
export function openNftSession(directory: string): NftSession {
  let child: Child | undefined;
  let question: Question | undefined;
  let stopped = false;
  let lines = 0;
  let marks = 0;
  /** What nft said since the last marker. */
  let said: string[] = [];
  let rest = '';

  const onLine = (line: string) => {
    const marker = question?.markers[question.answers.length];
    if (question === undefined || line !== marker) {
      // The caret under the marker before.
      if (said.length > 0 || !/^ *\^$/.test(line)) said.push(line);
      return;
    }
    said.pop(); // 'Error: syntax error, …' about the marker itself
    question.answers.push(said.join('\n'));
    said = [];
    if (question.answers.length === question.markers.length) {
      const { resolve, answers } = question;
      question = undefined;
      resolve(answers);
    }
  };

  const spawn = async (): Promise<Child> => {
    // HOME: nft -i writes its history there at its end, and to / where there is none.
    const fresh = await start('nft', ['-i'], { env: { HOME: '/nonexistent' }, merge: { directory } });
    child = fresh;
    lines = 0;
    said = [];
    rest = '';
    fresh.stdout.setEncoding('utf8');
    fresh.stdout.on('data', (text: string) => {
      if (child !== fresh) return;
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) onLine(line);
    });
    void fresh.ended.then(({ code, signal }) => {
      if (child !== fresh) return;
      child = undefined;
      const last = [...said, rest].join(' ').trim().slice(0, 200);
      question?.reject(new NftDied(`nft ended: ${signal ?? `exit ${code}`} ${last}`));
      question = undefined;
    });
    return fresh;
  };

  const discard = (dead: Child, signal: NodeJS.Signals) => {
    if (child === dead) child = undefined;
    dead.kill(signal);
  };

  return {
    async ask(commands) {
      if (question !== undefined) throw new Error('nft is asked one question at a time');
      if (stopped) throw new LatchkeyError('tool-failed', 'nft was stopped');
      if (child !== undefined && lines > linesOfOneLife) discard(child, 'SIGTERM');
      const nft = child ?? (await spawn());
      lines += 2 * commands.length;
      const markers = commands.map(() => `zz${++marks}`);
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<string[]>((resolve, reject) => {
          question = { markers, answers: [], resolve, reject };
          timer = setTimeout(() => {
            question = undefined;
            discard(nft, 'SIGKILL');
            reject(new LatchkeyError('tool-timeout', `nft: ${patienceMs} ms`));
          }, patienceMs);
          nft.stdin.write(commands.map((command, n) => `${command}\n${markers[n]}\n`).join(''));
        });
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      stopped = true;
      const last = child;
      if (last === undefined) return;
      child = undefined;
      question?.reject(new NftDied('nft was stopped'));
      question = undefined;
      last.stdin.end();
      const timer = setTimeout(() => last.kill('SIGKILL'), 1000);
      await last.ended;
      clearTimeout(timer);
    },
  };
}
