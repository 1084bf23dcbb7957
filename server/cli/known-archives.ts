import { existsSync, lstatSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { codeOf, isErrorCode, LatchkeyError } from '../../lib/errors.ts';
import { knownOf, type KnownHere } from '../archives/known.ts';
import { privateFolder } from '../files.ts';
import { folders } from '../folders.ts';
import { start, type Child } from '../run.ts';
import { checkout } from '../up/code.ts';
import { openHere } from './archives.ts';

/** One question to the catalogue, and its answer: lines of JSON between root's command and its clerk. */
type Question = {
  readonly [Ask in keyof KnownHere]: { ask: Ask; with: Parameters<KnownHere[Ask]> };
}[keyof KnownHere];
type Answer = { readonly ok: unknown } | { readonly code: string; readonly detail?: string };

/**
 * The home's catalogue for a command that stays what it is. The file is the home agent's, and what root makes beside it
 * must be too: where we are root and the home agent is not, a process of its own gives root up and asks for us.
 */
export async function openKnown(): Promise<KnownHere> {
  const { agent } = folders();
  if (!existsSync(agent)) privateFolder(agent);
  const isOurs = process.getuid?.() !== 0 || lstatSync(agent).uid === 0;
  return isOurs ? knownOf(await openHere(true)) : clerk();
}

async function clerk(): Promise<KnownHere> {
  const [, script = ''] = process.argv;
  const child = await start(process.execPath, [...process.execArgv, script, 'archives', 'clerk'], {
    // tsx, where that is what runs us, is looked for from here
    cwd: checkout,
    env: { LATCHKEY_DIR: folders().root, NODE_ENV: 'production' },
  });
  const ask = askerOf(child);
  return {
    withBytes: (...given) => ask({ ask: 'withBytes', with: given }) as ReturnType<KnownHere['withBytes']>,
    inventoryAt: (...given) =>
      ask({ ask: 'inventoryAt', with: given }) as ReturnType<KnownHere['inventoryAt']>,
    arrived: (...given) => ask({ ask: 'arrived', with: given }) as ReturnType<KnownHere['arrived']>,
    vaults: () => ask({ ask: 'vaults', with: [] }) as ReturnType<KnownHere['vaults']>,
    page: (...given) => ask({ ask: 'page', with: given }) as ReturnType<KnownHere['page']>,
    withTreeHash: (...given) =>
      ask({ ask: 'withTreeHash', with: given }) as ReturnType<KnownHere['withTreeHash']>,
    async close() {
      child.stdin.end();
      await child.ended;
    },
  };
}

/** One at a time, since answers carry no number. Throws the code that the clerk answered with, `tool-ended`. */
function askerOf(child: Child): (question: Question) => Promise<unknown> {
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-400)));
  let turn: Promise<unknown> = Promise.resolve();
  return (question) => {
    const answered = turn.then(async () => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new LatchkeyError('tool-failed', said.trim());
      const answer = JSON.parse(value) as Answer;
      if ('ok' in answer) return answer.ok;
      throw new LatchkeyError(isErrorCode(answer.code) ? answer.code : 'tool-failed', answer.detail);
    });
    turn = answered.catch(() => undefined);
    return answered;
  };
}

/** The clerk itself: as the home agent's user it answers until its input ends. */
export async function serveKnown(): Promise<void> {
  const known = knownOf(await openHere(true));
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      const answer = await answerTo(known, JSON.parse(line) as Question);
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
  } finally {
    await known.close();
  }
}

async function answerTo(known: KnownHere, question: Question): Promise<Answer> {
  try {
    const call = known[question.ask] as (...given: Question['with']) => Promise<unknown>;
    return { ok: (await call(...question.with)) ?? null };
  } catch (error) {
    const detail = error instanceof LatchkeyError ? error.detail : String(error);
    return { code: codeOf(error, 'tool-failed'), ...(detail === undefined ? {} : { detail }) };
  }
}
