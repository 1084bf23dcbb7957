import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ArchiveFile } from '../../../lib/archive/read-file.ts';
import { piece } from '../../../server/archives/importing.ts';
import { generateInventory } from '../archives/generate.ts';
import type { Figure } from '../figure.ts';

const rows = 1_000_000;
/** What JSON.parse can take at once, with room in memory. */
const part = 200_000;

/**
 * Rows a second that an inventory of a million is read with, from disk to checked rows, without the insert
 * (`archives.insert` has it). The peer is JSON.parse alone, of a fifth of it that is in memory already, since
 * the whole does not fit into a text; at the same bytes a row, rows a second compare as bytes a second do.
 */
export const figure: Figure = {
  name: 'archives.import',
  unit: '1/s',
  better: 'more',
  rounds: 3,
  warmUp: 1,
  prepare() {
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'));
    const whole = path.join(folder, 'whole.json');
    const some = path.join(folder, 'part.json');
    generateInventory(whole, rows);
    generateInventory(some, part);
    const bytesOfRow = statSync(whole).size / rows;
    return Promise.resolve({
      ours: () => Promise.resolve(stream(whole)),
      peers: { 'JSON.parse': () => Promise.resolve(parseWhole(some) / bytesOfRow) },
      done: () => {
        rmSync(folder, { recursive: true });
        return Promise.resolve();
      },
    });
  },
};

function stream(file: string): number {
  const began = performance.now();
  const fd = openSync(file, 'r');
  const reader = new ArchiveFile();
  const buffer = Buffer.allocUnsafe(piece);
  let count = 0;
  for (let read = 1; read > 0;) {
    read = readSync(fd, buffer, 0, piece, null);
    if (read > 0) count += reader.push(buffer.toString('latin1', 0, read)).length;
  }
  count += reader.end().rows.length;
  closeSync(fd);
  if (count !== rows) throw new Error(`${count} rows`);
  return (count * 1000) / (performance.now() - began);
}

/** Bytes a second. */
function parseWhole(file: string): number {
  const text = readFileSync(file, 'utf8');
  const began = performance.now();
  const { ArchiveList: list } = JSON.parse(text) as { ArchiveList: unknown[] };
  if (list.length !== part) throw new Error(`${list.length} rows`);
  return (text.length * 1000) / (performance.now() - began);
}
