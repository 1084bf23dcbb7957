import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HelperClient } from '../../server/agent/helper-client.ts';
import { startHouse } from '../support/house.ts';

test('a helper that hangs keeps no other door from answering in time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lk-hung-'));
  const path = join(directory, 'helper.sock');
  const silent = createServer((socket) => socket.resume().on('error', () => undefined)).listen(path);
  const house = await startHouse({ options: { helper: new HelperClient({ path }) } });
  const { client } = await house.device();
  await client.connect();
  const { value } = await client.doors();
  expect(value.map((door) => [door.name, door.state])).toEqual([['ssh', 'closed']]);
  await house.stop();
  silent.close();
  rmSync(directory, { recursive: true, force: true });
});
