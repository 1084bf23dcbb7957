// One import into a folder's archives.db; says how long it took and the most memory that the process had.
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { openCatalogue } from '../../../server/archives/open.ts';

const [inventory = '', state = ''] = process.argv.slice(2);
mkdirSync(state, { recursive: true });
const catalogue = await openCatalogue(path.join(state, 'archives.db'));
const fd = openSync(inventory, 'r');
const began = performance.now();
const { inserted } = await catalogue.importFile({ fd, size: fstatSync(fd).size });
const ms = performance.now() - began;
closeSync(fd);
await catalogue.close();
process.stdout.write(JSON.stringify({ inserted, ms, mb: process.resourceUsage().maxRSS / 1000 }));
