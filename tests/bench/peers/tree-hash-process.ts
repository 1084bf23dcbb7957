import { randomFillSync } from 'node:crypto';
import { treeHashOf } from '../../../server/archives/tree-hash.ts';

// Prints MB a second of processor time, as `openssl speed` counts. The first round warms up.
const bytes = randomFillSync(Buffer.alloc(64 * 1024 * 1024));
treeHashOf(bytes);
const began = process.cpuUsage();
let hashed = 0;
let microseconds = 0;
while (microseconds < 1e6) {
  treeHashOf(bytes);
  hashed += bytes.length;
  const { user, system } = process.cpuUsage(began);
  microseconds = user + system;
}
process.stdout.write(String(hashed / microseconds));
