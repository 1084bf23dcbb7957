// Builds the web pages into out/, where they are missing or older than their sources.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.js';

if (!['page.tsx', 'page.ts'].some((file) => existsSync(path.join(root, 'app', file)))) {
  process.stdout.write('web pages: not built yet, there are none in app/\n');
}
