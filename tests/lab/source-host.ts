import { createInterface } from 'node:readline';
import type { Ban, SourceState } from '../../lib/ban.ts';
import { Refusal } from './driver-host.ts';
import type { Space } from './space.ts';
import { built } from '../support/built.ts';

/** A ban source at work inside a namespace, in a process of its own. Rejections are `Refusal`s with the code. */
export interface SourceHost {
  /** Which of the two it can. */
  readonly can: { readonly unbans: boolean; readonly bans: boolean };
  look(): Promise<{ state: SourceState; stamps: Readonly<Record<string, string>>; nextEnd?: number }>;
  list(jail: string): Promise<Ban[]>;
  banned(address: string): Promise<Ban[]>;
  unban(value: string): Promise<number>;
  ban(jail: string, value: string): Promise<void>;
  readonly log: string[];
  /** How often it hinted. */
  hints(): number;
  stop(): Promise<void>;
}

const script = built(new URL('source-process.ts', import.meta.url));

export async function startSource(space: Space, source: string, table: object): Promise<SourceHost> {
  const child = space.spawn(process.execPath, [script]);
  const log: string[] = [];
  let hints = 0;
  let asked = 0;
  let complaint = '';
  const waiting = new Map<number, (line: Line) => void>();
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.log !== undefined) log.push(line.log);
    if (line.hint === true) hints++;
    if (line.id !== undefined) waiting.get(line.id)?.(line);
  });
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => {
      for (const done of waiting.values()) done({ code: 'gone', message: complaint });
      resolve();
    }),
  );
  const ask = <T>(verb: string, ...args: unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, ({ code, message, result }) => {
        waiting.delete(id);
        if (code === undefined) resolve(result as T);
        else reject(new Refusal(code, message ?? ''));
      });
      child.stdin.write(`${JSON.stringify({ id, verb, args })}\n`);
    });
  return {
    can: await ask('create', source, table),
    look: () => ask('look'),
    list: (jail) => ask('list', jail),
    banned: (address) => ask('banned', address),
    unban: (value) => ask('unban', value),
    ban: (jail, value) => ask('ban', jail, value),
    log,
    hints: () => hints,
    async stop() {
      await ask('stop');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

interface Line {
  readonly id?: number;
  readonly log?: string;
  readonly hint?: true;
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
}
