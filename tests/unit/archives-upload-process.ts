import path from 'node:path';
import { readRuns } from '../../server/archives/journal.ts';
import { upload } from '../../server/archives/upload.ts';
import { bucketTarget } from '../../server/archives/upload-bucket.ts';
import { vaultTarget } from '../../server/archives/upload-vault.ts';

// Uploads what is staged in a folder, for tests that kill it.
const [folder = '', kind] = process.argv.slice(2);
const target =
  kind === 'vault'
    ? await vaultTarget('eu-west-1', 'home')
    : await bucketTarget('eu-west-1', 'attic', 'home/', 'DEEP_ARCHIVE');
await upload({
  runs: readRuns(path.join(folder, 'journal')),
  journals: path.join(folder, 'journal'),
  complete: path.join(folder, 'complete'),
  target,
});
target.stop();
