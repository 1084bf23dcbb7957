import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseAgentFile } from '../../server/agent/config.ts';
import { runAgent } from '../../server/agent/main.ts';
import { startHouse, type House } from '../support/house.ts';

const key = 'A'.repeat(43);
const relay = '[[relay]]\nurl = "https://relay.example:7443"\n';
const observer = `[[observer]]\nkey = "${key}"\n`;
const door = '[[door]]\nname = "ssh"\ndriver = "proxy"\nlisten = 2222\ntarget = "127.0.0.1:22"\n';
const parse = (text: string): unknown => parseAgentFile(text, '/home/agent.toml');

describe('agent.toml', () => {
  test('what a home needs, and what holds where it says nothing', () => {
    const file = parseAgentFile(`name = "attic"\n${relay}${observer}`, '/home/agent.toml');
    expect(parseAgentFile(`${relay.replace('relay.ex', 'Relay.Ex')}${observer}`, '/x').relay[0]?.url).toBe(
      'https://relay.example:7443',
    );
    expect(file).toMatchObject({ allow_private: false, door: [], relay: [{ own: false }] });
  });

  const mistakes: [what: string, text: string, says: string][] = [
    ['broken TOML', `name = "attic"\nrelay = [\n`, 'line '],
    ['an unknown key', `allow_privat = true\n${relay}${observer}`, 'allow_privat'],
    ['an unknown key of a relay', `${relay}owns = true\n${observer}`, 'relay.0.owns'],
    ['a permission that nobody has', `allow = ["unban", "all"]\n${relay}${observer}`, 'allow.1'],
    ['no relay', observer, 'relay'],
    ['no observer', relay, 'observer'],
    ['a key of 31 bytes', `${relay}[[observer]]\nkey = "${'A'.repeat(42)}"\n`, 'observer.0.key'],
    ['a relay with a path', `[[relay]]\nurl = "https://relay.example/x"\n${observer}`, 'relay.0.url'],
    ['a relay at no port', `[[relay]]\nurl = "https://relay.example:99999"\n${observer}`, 'relay.0.url'],
    [
      'a public address that no offer can hold',
      `${relay}public = ["relay.example"]\n${observer}`,
      'relay.0.public.0',
    ],
    [
      'an observer no message can name',
      `${relay}[[observer]]\nkey = "${key}"\nurl = "ftp://x"\n`,
      'observer.0.url',
    ],
    ['a door name', `${relay}${observer}${door.replace('"ssh"', '"SSH"')}`, 'door.0.name'],
    ['a door twice', `${relay}${observer}${door}${door}`, '"ssh"'],
    ['a time', `${relay}${observer}${door}default = "soon"\n`, 'door.0.default'],
    ['a driver that nobody has', `${relay}${observer}${door.replace('"proxy"', '"proxi"')}`, 'proxi'],
    ['a host with more in it', `${relay}${observer}${door}host = "a b"\n`, 'door.0.host'],
  ];
  test.each(mistakes)('%s: refused, and named', (_what, text, says) => {
    let error: unknown;
    try {
      parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'config-invalid', detail: expect.stringContaining(says) as string });
  });
});

describe('a home agent', () => {
  let house: House | undefined;
  afterEach(async () => {
    await house?.stop();
    house = undefined;
  });

  test('a door with times of its own has them', async () => {
    house = await startHouse();
    const table = parseAgentFile(`${relay}${observer}${door}default = "2m"\nlongest = "10m"\n`, '/x').door;
    await house.agent.setDoors(table);
    expect(house.agent.doors.facts('ssh')).toMatchObject({ defaultSeconds: 120, longestSeconds: 600 });
  });

  test('an unknown key of a door, and two doors on one port, change nothing', async () => {
    house = await startHouse();
    const before = house.agent.doors.list();
    const tables = (text: string) => parseAgentFile(`${relay}${observer}${text}`, '/x').door;
    await expect(house.agent.setDoors(tables(`${door}targets = "x"\n`))).rejects.toMatchObject({
      code: 'config-invalid',
      detail: expect.stringContaining('targets') as string,
    });
    await expect(house.agent.setDoors(tables(door + door.replace('"ssh"', '"other"')))).rejects.toMatchObject(
      { code: 'config-invalid', detail: expect.stringContaining('2222') as string },
    );
    expect(house.agent.doors.list()).toEqual(before);
  });

  test('doors that need the helper are listed with what they lack, and refused; a reload takes them over', async () => {
    house = await startHouse();
    const root = '[[door]]\nname = "gate"\ndriver = "nftables"\nport = 22\nmode = "gate"\n';
    await house.agent.setDoors(parseAgentFile(`${relay}${observer}${root}`, '/x').door);
    expect(house.agent.doors.list().map((one) => [one.name, one.problem])).toEqual([
      ['gate', 'tool-needs-root'],
    ]);
    const { client } = await house.device();
    await client.connect();
    expect((await client.doors()).value).toMatchObject([{ name: 'gate', problem: 'tool-needs-root' }]);
    await expect(client.release(await client.arm('gate'))).rejects.toMatchObject({ code: 'tool-needs-root' });
    await expect(client.inspect('gate')).rejects.toMatchObject({ code: 'tool-needs-root' });
    await expect(client.close('gate')).rejects.toMatchObject({ code: 'tool-needs-root' });
    expect(house.agent.openings.held.size).toBe(0);
  });

  test('a second one in the same folder is refused before it touches anything', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lk-two-'));
    writeFileSync(join(directory, 'agent.toml'), `${relay.replace('https', 'http')}${observer}`);
    const living = createServer().listen(join(directory, 'control.sock'));
    await new Promise((resolve) => living.once('listening', resolve));
    await expect(runAgent(directory, () => undefined)).rejects.toMatchObject({
      code: 'config-running',
      detail: join(directory, 'control.sock'),
    });
    expect(living.listening).toBe(true);
    await new Promise((resolve) => living.close(resolve));
    // what a killed one left behind is no living one
    writeFileSync(join(directory, 'control.sock'), '');
    const agent = await runAgent(directory, () => undefined);
    await agent.stop();
    rmSync(directory, { recursive: true, force: true });
  });
});
