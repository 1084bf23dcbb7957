import { hostname } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Client } from '../../lib/client/client.ts';
import { homeId, type HomeRecord } from '../../lib/client/home-record.ts';
import type { PairingWait } from '../../lib/client/pair.ts';
import { wordsOf } from '../../lib/check-words.ts';
import { parseDuration } from '../../lib/duration.ts';
import { LatchkeyError } from '../../lib/errors.ts';
import type { EventView } from '../../lib/protocol/message.ts';
import { kindWord } from './audit.ts';
import { reportOf } from './doctor-report.ts';
import { pairDevice, withHome } from '../device/device.ts';
import { forgetHome, readHomes, shortKey } from '../device/folder.ts';
import { counted, print, say } from '../device/print.ts';
import { doorLine, doorLines, doorRow, show } from '../device/rows.ts';
import { archives, inventory } from './device-archives.ts';
import { attacks, bans, unban } from './device-bans.ts';
import { openDoor } from './device-open.ts';
import { folder, whole, type Common } from './device-options.ts';
import { restore } from './device-restore.ts';
import { takesIds } from './ids.ts';
import { printable } from './pair.ts';
import { withRestoreOptions } from './restoring.ts';

/** Decides which host stands in `endpoint`; without it the relay's does. */
async function seenFrom(client: Client): Promise<string | undefined> {
  return client.seenFrom().catch(() => undefined);
}

async function doors(options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const [seen, address] = await Promise.all([client.doors(), seenFrom(client)]);
    const rows = seen.value.map((door) => doorRow({ ...seen, value: door }, client.relay, address));
    print(options.json === true, rows, rows.length === 0 ? ['No doors.'] : rows.flatMap(doorLines));
  });
}

async function open(door: string, options: Common & { for?: string; wait?: string | true }): Promise<void> {
  const { json, for: time, wait } = options;
  const seconds = time === undefined ? undefined : parseTime(time);
  const waitMs = wait === undefined ? undefined : wait === true ? Infinity : parseTime(wait) * 1000;
  await withHome(folder(), options.home, (client) =>
    openDoor(client, door, {
      json: json === true,
      ...(seconds === undefined ? {} : { seconds }),
      ...(waitMs === undefined ? {} : { waitMs }),
    }),
  );
}

async function close(door: string, options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const [seen, address] = await Promise.all([client.close(door), seenFrom(client)]);
    const row = doorRow(seen, client.relay, address);
    print(options.json === true, row, [doorLine(row)]);
    const still = show(seen).own;
    if (still !== undefined && row.state !== 'closed')
      throw new LatchkeyError('tool-still-open', still.address);
  });
}

function archivesOf({ archives: count }: EventView): string | undefined {
  return count === undefined ? undefined : counted(count, 'archive');
}

function eventLine(event: EventView): string {
  const parts = [
    event.door,
    event.device,
    event.user,
    event.address,
    event.jail,
    event.vault,
    archivesOf(event),
    event.code,
  ];
  const when = new Date(event.at).toISOString().replace('T', ' ').slice(0, 19);
  return [when, kindWord(event.kind).padEnd(14), ...parts.filter((part) => part !== undefined).map(printable)]
    .join('  ')
    .trimEnd();
}

async function activity(options: Common & { limit: string; before?: string }): Promise<void> {
  const limit = whole(options.limit, 1, 50, '--limit');
  const before =
    options.before === undefined ? undefined : whole(options.before, 0, Number.MAX_SAFE_INTEGER, '--before');
  await withHome(folder(), options.home, async (client) => {
    const events = await client.activity(limit, before);
    print(options.json === true, events, events.length === 0 ? ['Nothing yet.'] : events.map(eventLine));
  });
}

async function devices(options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const list = await client.devices();
    print(
      options.json === true,
      list,
      list.map(
        ({ id, name, self, confirmed, allowed, openings, sessions }) =>
          `${id}  ${printable(name)}${self ? ', this device' : ''}${confirmed ? '' : ', not confirmed'}${allowed.length === 0 ? '' : `, may ${allowed.join(' and ')}`}${openings
            .map((opening) => `, has ${opening.door} open`)
            .join('')}${sessions.map(({ user, door }) => `, ${printable(user)} is in by ${door}`).join('')}`,
      ),
    );
  });
}

async function checks(options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const { checks: list, more, lookedMs } = await client.checks();
    const ready = more === 0 && list.every(({ state }) => state === 'ok');
    const rows = list.map((check) => ({ ...check, ...wordsOf(check) }));
    print(options.json === true, { ready, checks: rows, lookedMs }, [
      reportOf({ ready, checks: list }).trimEnd(),
    ]);
    if (!ready) process.exitCode = 1;
  });
}

async function revoke(device: string, options: Common): Promise<void> {
  await withHome(folder(), options.home, async (client) => {
    const list = await client.devices();
    const found = list.filter(({ id, name }) => id === device || name === device);
    const [one] = found;
    if (one === undefined) throw new LatchkeyError('config-missing', `no device "${device}"`);
    if (found.length > 1) throw new LatchkeyError('config-usage', `several devices "${device}": give the id`);
    await client.revoke(one.id);
    print(options.json === true, { device: one.id, name: one.name }, [`Revoked ${printable(one.name)}.`]);
  });
}

async function compare(wait: PairingWait, ask: boolean): Promise<void> {
  say(`${wait.home} asks whether this device may come in. Its code here: ${wait.code}`);
  say('Until someone at home says yes, this device can do nothing.');
  if (!ask || !process.stdin.isTTY) return;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await lines.question('Does the home show the same code? [y/n] ');
    if (!/^y/i.test(answer.trim())) throw new LatchkeyError('pairing-refused', 'the codes differ');
  } finally {
    lines.close();
  }
}

async function pairWith(link: string, options: Common & { yes?: boolean; name: string }): Promise<void> {
  const json = options.json === true;
  let code: string | undefined;
  const record = await pairDevice(folder(), link, options.name, async (wait) => {
    code = wait.code;
    if (!json) await compare(wait, options.yes !== true);
  });
  print(
    json,
    {
      home: record.name,
      device: record.device,
      name: record.deviceName,
      relays: record.relays,
      ...(code === undefined ? {} : { code }),
    },
    [`Paired with ${record.name} as ${record.deviceName}.`],
  );
}

function homeRow(record: HomeRecord): object {
  return {
    name: record.name,
    key: homeId(record),
    relays: record.relays,
    device: record.device,
    deviceName: record.deviceName,
    ownRelay: record.ownRelay,
  };
}

/** From this machine alone: no home is asked. */
async function homes(options: Pick<Common, 'json'>): Promise<void> {
  const records = (await readHomes(folder())).map(({ record }) => record);
  const line = ({ name, relays, deviceName }: HomeRecord, key: string): string =>
    `${name.padEnd(16)} ${key.slice(0, shortKey)}  ${relays.join(' ')}  as ${deviceName}`;
  print(
    options.json === true,
    records.map(homeRow),
    records.length === 0 ? ['No homes.'] : records.map((record) => line(record, homeId(record))),
  );
}

async function forget(home: string, options: Pick<Common, 'json'>): Promise<void> {
  const record = await forgetHome(folder(), home);
  print(options.json === true, homeRow(record), [
    `Forgot ${record.name} and this device’s keys for it. There it stays paired until somebody revokes it.`,
  ]);
}

function parseTime(text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new LatchkeyError('config-usage', cause instanceof LatchkeyError ? cause.detail : undefined, {
      cause,
    });
  }
}

/** `latchkey device …`: this terminal as a device, with the same messages and rights as the app. */
export function register(program: Command): void {
  const device = program.command('device').description('this terminal as a paired device');
  const add = (usage: string, description: string): Command =>
    device
      .command(usage)
      .description(description)
      .option('--json', 'one JSON value on stdout')
      .option(
        '--home <name>',
        'which home, by name or key, where several are paired (default: the last paired)',
      );
  device
    .command('pair <link>')
    .description('pair with the home that printed the link')
    .option('--yes', 'ask nothing here; the home still decides')
    .option('--name <name>', 'what this device is called at home', hostname().slice(0, 64))
    .option('--json', 'one JSON value on stdout')
    .action(pairWith);
  device
    .command('homes')
    .description('the homes that this device is paired with, the last paired first')
    .option('--json', 'one JSON value on stdout')
    .action(homes);
  takesIds(device.command('forget <home>'))
    .description('forget a home and the keys for it, here alone')
    .option('--json', 'one JSON value on stdout')
    .action(forget);
  add('doors', 'the doors, as the home read them just now').action(doors);
  add('open <door>', 'open a door for the address this device is seen from')
    .option('--for <time>', 'how long, such as 90s or 5m (default: the door’s own)')
    .option('--wait [time]', 'wait for the first packet and the session, so long or while it is open')
    .action(open);
  add('close <door>', 'close what this device opened').action(close);
  add('activity', 'what happened at home, newest first')
    .option('--limit <count>', '1 to 50', '20')
    .option('--before <number>', 'older than this event')
    .action(activity);
  add('devices', 'the devices that are paired with the home').action(devices);
  add('checks', 'what the home’s own doctor says').action(checks);
  add('bans', 'who is banned at home, newest first, and whether this device is')
    .option('--jail <jail>', 'of this jail alone')
    .option('--search <text>', 'the beginning of an address, or a network')
    .option('--limit <count>', '1 to 1000', '20')
    .action(bans);
  add('unban <address>', 'lift the ban on this device’s address, or with the permission on another').action(
    unban,
  );
  add('attacks', 'what is being tried at home now').action(attacks);
  const list = add('archives', 'what lies in Glacier, as the home knows it, newest first')
    .option('--vault <vault>', 'of this vault alone, by name or key')
    .option('--search <text>', 'beginnings of words of the name, or of the id')
    .option('--limit <count>', '1 to 1000', '20')
    .action(archives);
  list
    .command('inventory [vault]')
    .description('ask AWS for the list of a vault, or of all; needs the permission')
    .action((vault: string | undefined, _options: object, command: Command) =>
      inventory(vault, command.optsWithGlobals<Common>()),
    );
  const back = takesIds(list.command('restore [archive...]'))
    .description(
      'get archives back at home, by id or name; needs the permission; without any: how the restore stands',
    )
    .configureHelp({ showGlobalOptions: true })
    .option('--vault <vault>', 'of this vault, by name or key; without archives: all of it')
    .option('--search <text>', 'what `device archives --search` shows');
  withRestoreOptions(back).action((wanted: string[], _options: object, command: Command) =>
    restore(wanted, command.optsWithGlobals()),
  );
  takesIds(add('revoke <device>', 'turn a device away from now on, by name or id')).action(revoke);
}
