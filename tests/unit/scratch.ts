import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

const root = mkdtempSync(path.join(tmpdir(), 'latchkey-unit-'));
chmodSync(root, 0o711); // as /var/lib is
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A new folder, gone after the test file. */
export function scratchFolder(): string {
  return mkdtempSync(path.join(root, 'x-'));
}
