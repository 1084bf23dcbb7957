import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCatalogue } from '../../server/archives/open.ts';
import { sourceTypes } from '../../server/archives/registry.ts';
import { ArchiveWatch } from '../../server/archives/watch.ts';

// The archives' part of a home agent as a process of its own, to be killed. Its time is what the file `clock` says.
const [directory = '', ask] = process.argv.slice(2);
const now = (): number => Number(readFileSync(join(directory, 'clock'), 'utf8'));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20)));

const catalogue = await openCatalogue(join(directory, 'archives.db'), { now });
const watch = new ArchiveWatch({
  catalogue,
  types: sourceTypes,
  tables: [
    { name: 'vaults', type: 'glacier', keys: { regions: ['us-west-2', 'eu-west-1'] } },
    { name: 'buckets', type: 's3', keys: {} },
  ],
  folder: join(directory, 'archives'),
  now,
  random: () => new Uint8Array(randomBytes(16)),
  log: (line) => process.stderr.write(`${line}\n`),
  pause,
});
process.stdout.write('up\n');
if (ask === 'ask') await watch.ask(undefined, 'phone');
process.stdout.write('asked\n');
await watch.look();
for (;;) {
  await watch.tick();
  const jobs = await catalogue.jobs({ kind: 'inventory' });
  if (jobs.length > 0 && jobs.every(({ doneAt }) => doneAt !== null)) break;
  await pause(20);
}
process.stdout.write('done\n');
await new Promise(() => setInterval(() => undefined, 1000));
