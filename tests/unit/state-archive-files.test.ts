import { describe, expect, it } from 'vitest';
import type { GivenFile } from '../../app/_state/archive-import.ts';
import { settle } from './client/clock.ts';
import { archivePageOf, rowsOf } from './state/archive-home.ts';

const arn = 'arn:aws:glacier:eu-north-1:123456789012:vaults/photos';
const entry = (i: number) =>
  JSON.stringify({
    ArchiveId: `archive-${i}`.padEnd(138, 'x'),
    ArchiveDescription: `Photos ${i}`,
    CreationDate: '2021-01-11T03:40:00Z',
    Size: 1000 + i,
    SHA256TreeHash: 'ab'.repeat(32),
  });
const inventory = (rows: number) =>
  `{"VaultARN":"${arn}","InventoryDate":"2026-05-11T03:12:00Z","ArchiveList":[${Array.from({ length: rows }, (_, i) => entry(i)).join(',')}]}`;

function fileOf(text: string, name = 'inventory.json'): GivenFile & { readonly read: () => number } {
  const bytes = new TextEncoder().encode(text);
  let read = 0;
  return {
    name,
    size: bytes.length,
    slice: (from, to) => ({
      arrayBuffer: () => {
        read += 1;
        return Promise.resolve(bytes.slice(from, to).buffer);
      },
    }),
    read: () => read,
  };
}

/** Lets parts go: each waits a little for the relay's sake. */
async function run(made: Awaited<ReturnType<typeof archivePageOf>>, ms = 20_000) {
  for (let passed = 0; passed < ms; passed += 100) {
    await made.clock.pass(100);
    const { step } = made.state().importing;
    if (step === 'done' || step === 'failed' || step === 'asks') break;
  }
}

const sent = (made: Awaited<ReturnType<typeof archivePageOf>>) =>
  ['importBegin', 'importPart', 'importEnd', 'importStop'].flatMap((type) =>
    made.home.requests.filter((request) => request.type === type),
  );

describe('a list as a file', () => {
  it('arrives byte for byte, and what came of it is told', async () => {
    const made = await archivePageOf();
    const text = inventory(600);
    made.room.working = 2;
    made.archives.imports.start(fileOf(text));
    await run(made);
    expect(made.state().importing).toMatchObject({ step: 'done', result: { rows: 2, inserted: 1 } });
    expect(Buffer.concat(made.room.file).toString()).toBe(text);
    expect(made.asked('importBegin')).toMatchObject([{ size: Buffer.byteLength(text) }]);
    expect(made.asked('importEnd')).toHaveLength(3);
  });

  it('that is cut or wrong is named by its byte, and nothing is sent', async () => {
    const made = await archivePageOf();
    const whole = inventory(3);
    const wrong = whole.replace('"Size":1001', '"Size":oops');
    const cases = [
      [whole.slice(0, 400), 'archives-cut', 400],
      [wrong, 'archives-malformed', wrong.indexOf('oops')],
      ['', 'archives-empty', 0],
      ['hello', 'archives-malformed', 0],
    ] as const;
    for (const [text, code, byte] of cases) {
      made.archives.imports.start(fileOf(text));
      await run(made);
      expect(made.state().importing).toMatchObject({ step: 'failed', code });
      const state = made.state().importing;
      expect(state.step === 'failed' ? state.detail : '').toMatch(new RegExp(`^byte ${byte}\\b`));
      made.archives.imports.stop();
    }
    expect(sent(made)).toEqual([]);
  });

  it('that names no vault waits for a person to name one', async () => {
    const made = await archivePageOf();
    const csv = `"ArchiveId","ArchiveDescription","CreationDate","Size","SHA256TreeHash"\n"${'a'.repeat(138)}","x","2021-01-11T03:40:00Z","10","${'ab'.repeat(32)}"\n`;
    made.archives.imports.start(fileOf(csv, 'inventory.csv'));
    await run(made);
    expect(made.state().importing).toMatchObject({ step: 'asks', rows: 1 });
    expect(sent(made)).toEqual([]);
    made.archives.imports.goOn('photos');
    await run(made);
    expect(made.asked('importBegin')).toMatchObject([{ vault: 'photos' }]);
    expect(made.state().importing.step).toBe('done');
  });

  it('is stopped: the home is told, and no part is sent after that', async () => {
    const made = await archivePageOf();
    made.archives.imports.start(fileOf(inventory(2000)));
    await run(made, 1000);
    expect(made.state().importing.step).toBe('sending');
    made.archives.imports.stop();
    await settle();
    const parts = made.asked('importPart').length;
    await made.clock.pass(5000);
    expect(made.state().importing.step).toBe('none');
    expect(made.asked('importStop')).toHaveLength(1);
    expect(made.asked('importEnd')).toEqual([]);
    // what was under way already, and no more
    expect(made.asked('importPart').length - parts).toBeLessThanOrEqual(4);
  });

  it('goes on where the home was when the line comes back', async () => {
    const made = await archivePageOf();
    const text = inventory(2000);
    made.archives.imports.start(fileOf(text));
    await run(made, 1000);
    made.relay.down = 'relay-home-away';
    made.relay.cut();
    await made.clock.pass(15_000);
    expect(made.state().importing.step).toBe('sending');
    made.relay.down = undefined;
    await run(made, 60_000);
    expect(made.state().importing.step).toBe('done');
    expect(Buffer.concat(made.room.file).toString()).toBe(text);
  });

  it('is no faster than the relay takes frames of a device', async () => {
    const made = await archivePageOf();
    made.archives.imports.start(fileOf(inventory(4000)));
    await made.clock.pass(2000);
    const before = made.asked('importPart').length;
    await made.clock.pass(1000);
    const second = made.asked('importPart').length - before;
    expect(second).toBeGreaterThan(10);
    expect(second).toBeLessThan(45);
    made.archives.imports.stop();
  });

  it('the home’s own refusal stands with its code and no byte', async () => {
    const made = await archivePageOf();
    made.room.fails = 'refused-permission';
    made.archives.imports.start(fileOf(inventory(3)));
    await run(made);
    expect(made.state().importing).toEqual({
      step: 'failed',
      file: 'inventory.json',
      code: 'refused-permission',
    });
  });
});

describe('the list as a file', () => {
  const text = (made: Awaited<ReturnType<typeof archivePageOf>>) => {
    const { exporting } = made.state();
    if (exporting.step !== 'done') throw new Error(exporting.step);
    return exporting.text.join('');
  };
  const finish = async () => {
    for (let i = 0; i < 12; i++) await settle();
  };

  it('has every page, with what only the archive itself tells', async () => {
    const made = await archivePageOf();
    made.room.rows = rowsOf(170);
    made.archives.exports.start('json', {}, 170, () => 'photos');
    await finish();
    const rows = JSON.parse(text(made)) as unknown[];
    expect(rows).toHaveLength(170);
    expect(rows[3]).toEqual({
      id: 'id0000003',
      vault: 'photos',
      name: 'Photos 3',
      description: 'Photos 3',
      dialect: 'plain',
      size: 1003,
      createdAt: new Date(1_700_000_000_000 - 3000).toISOString(),
      treeHash: 'a'.repeat(64),
      state: 'archived',
    });
  });

  it('as CSV nothing of it is a formula, and what was asked is what is shown', async () => {
    const made = await archivePageOf();
    made.room.rows = rowsOf(3).map((row, i) => (i === 1 ? { ...row, name: '=HYPERLINK("x")\u0007,1' } : row));
    made.archives.exports.start(
      'csv',
      { vault: 'vaults/photos', search: 'HYPER' },
      undefined,
      () => 'photos',
    );
    await finish();
    const lines = text(made).split('\r\n');
    expect(lines[1]).toContain(`"'=HYPERLINK(""x"")`);
    expect(lines.slice(1).filter((line) => /(^|,)"?[=+@]/.test(line))).toEqual([]);
    expect(made.asked('archiveList')).toMatchObject([
      { vault: 'vaults/photos', search: 'HYPER', whole: true },
    ]);
  });

  it('is stopped, and a failure leaves no half of a file', async () => {
    const made = await archivePageOf();
    made.room.rows = rowsOf(1000);
    made.archives.exports.start('csv', {}, 1000, () => undefined);
    await settle();
    made.archives.exports.stop();
    const before = made.asked('archiveList').length;
    await finish();
    expect(made.asked('archiveList').length - before).toBeLessThanOrEqual(1);
    expect(made.state().exporting).toEqual({ step: 'none' });
    made.room.fails = 'archives-busy';
    made.archives.exports.start('csv', {}, 1000, () => undefined);
    await finish();
    expect(made.state().exporting).toEqual({ step: 'failed', format: 'csv', code: 'archives-busy' });
  });
});
