import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, bundleFolder } from '../../server/build/bundle.js';
import {
  onStage,
  openFiles,
  readUnit,
  startUnit,
  unitsFolder,
  type Stage,
  type Unit,
  type UnitProcess,
} from './as-unit.ts';
import { createLab, type Lab } from './net.ts';
import { run, type Ran, type Space } from './space.ts';
import { reaches } from './sshd.ts';
import { startProbe, type Probe } from './probe.ts';
import { unpack } from './unpack.ts';

// Needs root. The two-machine recipe of README, by what the unit files say; systemd itself does not run here.

const names = ['latchkey-relay', 'latchkey-witness', 'latchkey-agent', 'latchkey-helper'] as const;
type Name = (typeof names)[number];

let scratch: string;
let units: Record<Name, Unit>;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'latchkey-units-'));
  await chmod(scratch, 0o711);
  const read = await Promise.all(names.map(async (name) => [name, await readUnit(name)] as const));
  units = Object.fromEntries(read) as Record<Name, Unit>;
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('what systemd says of the files', () => {
  let analyze: (args: readonly string[]) => Promise<Ran>;
  /** Why it cannot be asked here. */
  let why: string | undefined;

  beforeAll(async () => {
    try {
      const tool = await systemdAnalyze();
      analyze = (args) => run(tool.program, args, { env: tool.env, anyStatus: true });
      const { code, stderr } = await analyze(['--version']);
      if (code !== 0) why = `systemd-analyze does not run here: ${stderr.trim()}`;
    } catch (error) {
      why = `no systemd-analyze, and it cannot be fetched: ${String(error).split('\n')[0]}`;
    }
    await mkdir(join(scratch, 'verify'));
    // node lies elsewhere on some machines, and verify looks for the program
    for (const { name, text } of Object.values(units))
      await writeFile(
        join(scratch, 'verify', `${name}.service`),
        text.replace('=node ', `=${process.execPath} `),
      );
  });

  test.for(names)('%s: verify has nothing to say', async (name, context) => {
    context.skip(why !== undefined, why);
    const { code, stderr } = await analyze([
      'verify',
      '--man=no',
      join(scratch, 'verify', `${name}.service`),
    ]);
    expect(stderr.split('\n').filter((line) => line.includes('latchkey'))).toEqual([]);
    expect(code).toBe(0);
  });

  // Tenths of systemd's own scale from 0 to 10; a unit without any of this has 96.
  test.for([
    ['latchkey-relay', 16],
    ['latchkey-witness', 16],
    ['latchkey-agent', 16],
    ['latchkey-helper', 25],
  ] as const)('%s: its exposure is at most %i of 100', async ([name, most], context) => {
    context.skip(why !== undefined, why);
    const file = join(scratch, 'verify', `${name}.service`);
    const { code, stdout } = await analyze([
      ...['security', '--no-pager', '--offline=true', `--threshold=${most}`, file],
    ]);
    expect(stdout).toContain('Overall exposure level');
    expect(code, stdout).toBe(0);
  });
});

describe('started as the units say', () => {
  let lab: Lab;
  let stage: Stage;
  let probe: Probe;
  const running: Partial<Record<Name, UnitProcess>> = {};
  const ids = { root: 0, 'latchkey-relay': 64721, 'latchkey-agent': 64722 };

  const place = (path: string): string => onStage(stage, path);
  const up = async (name: Name, at: Space): Promise<UnitProcess> =>
    (running[name] = await startUnit(at, units[name], stage));
  const latchkey = (args: readonly string[], at = lab.home): Promise<Ran> =>
    at.run(process.execPath, [place('/opt/latchkey/.cache/server/cli.js'), ...args], {
      env: { LATCHKEY_DIR: place('/var/lib/latchkey'), LATCHKEY_DEVICE_DIR: join(scratch, 'device') },
      anyStatus: true,
    });

  beforeAll(async () => {
    await bundle(() => undefined);
    lab = await createLab({ firewall: 'none' });
    const folders = Object.fromEntries(
      ['opt', 'var/lib', 'etc', 'run'].map((at) => [`/${at}/latchkey`, join(scratch, at.replace('/', '-'))]),
    );
    stage = { folders, ids };
    await cp(bundleFolder, place('/opt/latchkey/.cache/server'), { recursive: true });
    const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
    await symlink(modules, place('/opt/latchkey/node_modules'));
    probe = startProbe(lab.home);
    await probe.listen(22);
  });
  afterAll(async () => {
    probe?.stop();
    await lab?.destroy();
  });

  test('the home prints its mailbox, the relay what goes into agent.toml, and they find each other', async () => {
    await up('latchkey-helper', lab.home);
    await running['latchkey-helper']?.saw(/^helper: 0 doors/);
    const first = await up('latchkey-agent', lab.home);
    const mailbox = (await first.saw(/mailbox, for its relay/)).split(': ')[1] ?? '';
    await first.saw(/^config-unreadable: .*agent\.toml/);

    // as `systemctl start` made the folders; the recipe's `install -m 0600 -o latchkey-relay`
    const relayFile = place('/var/lib/latchkey/relay/relay.toml');
    await mkdir(place('/var/lib/latchkey/relay'), { recursive: true });
    await writeOwned(
      relayFile,
      `host = "${lab.relay.address4}"\nhomes = ["${mailbox}"]\n`,
      ids['latchkey-relay'],
    );
    const relay = await up('latchkey-relay', lab.relay);
    await relay.saw(/^family = /);
    await relay.saw(/END CERTIFICATE/);
    await sleep(50); // the second certificate's lines
    const said = relay.lines.join('\n');
    const block = /^\[\[relay\]\][^]*?^family = .*$/m.exec(said)?.[0] ?? '';
    const pem = /-----BEGIN[^]*-----END CERTIFICATE-----/.exec(said)?.[0] ?? '';
    expect(block).toContain(`url = "https://${lab.relay.address4}:7443"`);
    const home = place('/var/lib/latchkey/agent');
    const agent = ids['latchkey-agent'];
    await writeOwned(join(home, 'remote-relay.crt'), `${pem}\n`, agent);
    await writeOwned(
      join(home, 'agent.toml'),
      place(`name = "attic"\nhelper = "/run/latchkey/helper.sock"\n\n${block}\n`),
      agent,
    );
    await (await up('latchkey-agent', lab.home)).saw(/relay .* reached/);
  });

  test.each([
    ['latchkey-relay', 64721, 64721, '0'],
    ['latchkey-agent', 64722, 64722, '0'],
    // CAP_NET_ADMIN and CAP_NET_RAW, 12 and 13 in capabilities(7)'s header
    ['latchkey-helper', 0, 64722, '3000'],
  ] as const)('%s runs as %i:%i with capabilities 0x%s and no way to more', async (name, uid, gid, caps) => {
    const pid = running[name]?.pid ?? 0;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const value = (key: string): string =>
      new RegExp(`^${key}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)?.[1] ?? '-';
    expect(value('Uid')).toBe(Array(4).fill(String(uid)).join('\t'));
    expect(value('Gid')).toBe(Array(4).fill(String(gid)).join('\t'));
    expect(value('Groups')).toBe('');
    for (const key of ['CapBnd', 'CapPrm', 'CapEff']) expect(value(key), key).toBe(caps.padStart(16, '0'));
    for (const key of ['CapInh', 'CapAmb']) expect(value(key), key).toBe('0'.repeat(16));
    expect(value('NoNewPrivs')).toBe('1');
  });

  test('the relay’s open files have a hard limit', async () => {
    const limits = await readFile(`/proc/${running['latchkey-relay']?.pid}/limits`, 'utf8');
    const most = await openFiles(units['latchkey-relay']);
    expect(limits).toMatch(new RegExp(`^Max open files +${most} +${most} `, 'm'));
  });

  test('the helper’s socket is the home agent’s group’s, and its door files it can only read', async () => {
    expect(await who(place('/run/latchkey'))).toBe('750 0:64722');
    expect(await who(place('/run/latchkey/helper.sock'))).toBe('660 0:64722');
    expect(await who(place('/var/lib/latchkey/agent/control.sock'))).toBe('600 64722:64722');
    const touch = (file: string): Promise<Ran> =>
      lab.home.run('nsenter', ['-t', String(running['latchkey-helper']?.pid), '-m', 'touch', place(file)], {
        anyStatus: true,
      });
    expect((await touch('/etc/latchkey/x')).stderr).toContain('Read-only');
    expect((await touch('/opt/latchkey/x')).stderr).toContain('Read-only');
    expect((await touch('/etc/latchkey/work/x')).code).toBe(0);
  });

  test('root adds a gate, a phone pairs, and the door opens for it alone', async () => {
    const add = ['door', 'add', 'nftables', 'ssh', '--port', '22', '--mode', 'gate', '--yes'];
    const added = await latchkey([...add, '--config', place('/etc/latchkey')]);
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: 'ssh is there\n' });
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(false);

    const link = (await latchkey(['pair', '--link'])).stdout.trim();
    expect(link).toMatch(/^https:\/\/198\.51\.100\.10:7443\/pair#/);
    const paired = await latchkey(['device', 'pair', link, '--yes'], lab.phone);
    expect(paired, paired.stderr).toMatchObject({ code: 0 });
    const opened = await latchkey(['device', 'open', 'ssh', '--for', '1m', '--json'], lab.phone);
    expect(opened, opened.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(opened.stdout)).toMatchObject({ state: 'open', address: lab.phone.address4 });

    const table = (await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey'])).stdout;
    expect(table).toContain(lab.phone.address4);
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(true);
    expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(false);
  });

  test('with those two capabilities knockd works, and closes its door after the unit is stopped', async () => {
    const program = (await unpack('knockd')).path('usr/sbin/knockd');
    const file = join(scratch, 'knockd.conf');
    const rule = (verb: string): string => `/sbin/iptables ${verb} -s %IP% -p tcp --dport 23 -j ACCEPT`;
    await writeFile(
      file,
      `[knocked]\n sequence = 7324,4566,7446\n seq_timeout = 5\n tcpflags = syn\n cmd_timeout = 4\n` +
        ` command = ${rule('-I INPUT')}\n stop_command = ${rule('-D INPUT')}\n`,
      { mode: 0o600 },
    );
    const door = { driver: 'knockd', file, section: 'knocked', program };
    await writeFile(
      place('/etc/latchkey/doors/knocked.toml'),
      Object.entries(door)
        .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
        .join(''),
      { mode: 0o600 },
    );
    const helper = running['latchkey-helper'];
    process.kill(helper?.pid ?? 0, 'SIGHUP'); // ExecReload
    await helper?.saw(/read again, 2 doors/);
    expect((await latchkey(['door', 'list'])).stdout).toContain('knocked'); // the home agent looks, too
    const rules = async (): Promise<string> => (await lab.home.run('iptables', ['-S', 'INPUT'])).stdout;
    const opened = await latchkey(['device', 'open', 'knocked', '--json'], lab.phone);
    expect(opened, `${opened.stderr}\n${helper?.lines.join('\n')}`).toMatchObject({ code: 0 });
    expect(await rules()).toContain(`-s ${lab.phone.address4}/32 -p tcp -m tcp --dport 23`);

    await helper?.stop();
    expect(await rules()).toContain('--dport 23');
    for (let tries = 0; tries < 70 && (await rules()).includes('--dport 23'); tries++) await sleep(100);
    expect(await rules()).not.toContain('--dport 23');
    // and the gate, which the kernel holds, stays as it was
    expect(await reaches(lab.phone, lab.home.address4, 22)).toBe(true);
    expect(await reaches(lab.stranger, lab.home.address4, 22)).toBe(false);
  });

  test('`latchkey install` names every unit and changes nothing', async () => {
    const { code, stdout } = await lab.home.run(
      'setpriv',
      [
        ...['--reuid=65534', '--regid=65534', '--clear-groups'],
        ...[process.execPath, place('/opt/latchkey/.cache/server/cli.js'), 'install'],
      ],
      { env: { LATCHKEY_DIR: join(scratch, 'none') } },
    );
    expect(code).toBe(0);
    for (const name of names) {
      expect(stdout).toContain(place(`/opt/latchkey/server/units/${name}.service`));
      expect(stdout).toContain(`useradd --system --user-group --no-create-home`);
    }
    for (const user of new Set(Object.values(units).flatMap((unit) => [unit.get('User'), unit.get('Group')])))
      if (user !== 'root') expect(stdout).toMatch(new RegExp(`^ *useradd .* ${user}$`, 'm'));
  });
});

async function systemdAnalyze(): Promise<{ program: string; env: Record<string, string> }> {
  const here = await run('systemd-analyze', ['--version'], { anyStatus: true }).catch(() => ({ code: -1 }));
  if (here.code === 0) return { program: 'systemd-analyze', env: {} };
  const systemd = await unpack('systemd');
  const libraries = systemd.env.LD_LIBRARY_PATH;
  return {
    program: systemd.path('usr/bin/systemd-analyze'),
    env: {
      LD_LIBRARY_PATH: [libraries, ...libraries.split(':').map((folder) => join(folder, 'systemd'))].join(
        ':',
      ),
      SYSTEMD_UNIT_PATH: `${unitsFolder}:${systemd.path('lib/systemd/system')}`,
    },
  };
}

async function writeOwned(file: string, text: string, owner: number): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  await run('chown', [`${owner}:${owner}`, file]);
}

async function who(file: string): Promise<string> {
  const { mode, uid, gid } = await stat(file);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
}
