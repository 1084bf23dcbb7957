// What of a home agent gets archives back, as a process. It lists the bucket, begins a restore of all of it, says so, and
// goes on with it until it is done once it is told what time it is, ms.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { headlineSize } from '../../../lib/restore.ts';
import { openCatalogue } from '../../../server/archives/open.ts';
import { sourceTypes } from '../../../server/archives/registry.ts';
import { shippedPrices } from '../../../server/archives/restore/prices.ts';
import { Restores } from '../../../server/archives/restore/restores.ts';
import { ArchiveWatch } from '../../../server/archives/watch.ts';

const [folder = '', time = ''] = process.argv.slice(2);
let wall = Number(time);
const now = (): number => wall;
const random = (): Uint8Array => new Uint8Array(randomBytes(16));
const log = (line: string): void => void process.stderr.write(`${line}\n`);

const catalogue = await openCatalogue(path.join(folder, 'archives.db'), { now });
const watch = new ArchiveWatch({
  catalogue,
  types: sourceTypes,
  tables: [{ name: 'buckets', type: 's3', keys: {} }],
  folder: path.join(folder, 'archives'),
  now,
  random,
  log,
});
const restores = new Restores({
  catalogue,
  retrieval: (vault) => watch.retrieval(vault),
  folder: path.join(folder, 'back'),
  prices: () => shippedPrices,
  now,
  random,
  log,
});
await watch.look();
const [vault] = await catalogue.vaults();
const plan = await restores.plan({ vault: vault?.key ?? '' });
const cost = await restores.cost(plan.plan, 'Bulk');
await restores.start({ plan: plan.plan, tier: 'Bulk', typed: headlineSize(plan.bytes), cost }, null);
await restores.drain();
process.stdout.write('begun\n');
for await (const line of createInterface({ input: process.stdin })) {
  wall = Number(line);
  await restores.drain();
  const { restore } = await restores.view();
  process.stdout.write(`${restore?.status ?? 'none'}\n`);
}
await restores.stop();
await watch.stop();
await catalogue.close();
