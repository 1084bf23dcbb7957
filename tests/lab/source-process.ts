import { createInterface } from 'node:readline';
import { codeOf } from '../../lib/errors.ts';
import type { BanSource } from '../../server/bans/source.ts';
import { banSources } from '../../server/helper/registry.ts';

/** Inside a namespace: one ban source, asked by lines of JSON. Started by source-host.ts. */

const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
let made: BanSource | undefined;

interface Request {
  readonly id: number;
  readonly verb: 'create' | 'look' | 'list' | 'banned' | 'unban' | 'ban' | 'stop';
  readonly args: readonly unknown[];
}

async function answer({ verb, args }: Request): Promise<unknown> {
  if (verb === 'create') {
    const [name, table] = args as [string, Record<string, unknown>];
    const type = banSources.find((one) => one.name === name);
    if (type === undefined) throw new Error('no such source');
    made = type.create(type.read(table), { source: 'tried', log: (log) => print({ log }) });
    made.onHint?.(() => print({ hint: true }));
    return { unbans: made.unban !== undefined, bans: made.ban !== undefined };
  }
  if (made === undefined) throw new Error('no source');
  const [first = '', second = ''] = args as string[];
  if (verb === 'look') {
    const { stamps, ...look } = await made.look();
    return { ...look, stamps: Object.fromEntries(stamps) };
  }
  if (verb === 'ban') return (await made.ban!(first, second)) ?? null;
  if (verb === 'unban') return made.unban!(first);
  if (verb === 'stop') return (await made.stop()) ?? null;
  return made[verb](first);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request;
  answer(request).then(
    (result) => print({ id: request.id, result }),
    (error: unknown) =>
      print({ id: request.id, code: codeOf(error, 'tool-failed'), message: (error as Error).message }),
  );
});
print({ ready: process.pid });
