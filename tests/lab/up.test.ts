import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  chownSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bundle, bundleFolder } from '../../server/build/bundle.js';
import { childrenOf } from '../../server/process-facts.ts';
import { createLab, type Lab } from './net.ts';
import type { Ran, Space } from './space.ts';

// Needs root: real processes of the built command line, under their real users, in the lab's own network.

let lab: Lab;
let code: string;
/** Passable for others, as /var/lib is. */
let scratch: string;

beforeAll(async () => {
  await bundle(() => undefined);
  lab = await createLab({ firewall: 'none' });
  scratch = mkdtempSync(path.join(tmpdir(), 'latchkey-up-'));
  chmodSync(scratch, 0o711);
  // the checkout may lie where user nobody cannot read
  code = path.join(scratch, 'checkout/.cache/server');
  cpSync(bundleFolder, code, { recursive: true });
  chmodSync(path.join(scratch, 'checkout'), 0o755);
});

afterAll(async () => {
  await lab?.destroy();
  rmSync(scratch, { recursive: true, force: true });
});

const cli = (): string => path.join(code, 'cli.js');

/** One `latchkey up`, and what it printed so far. */
class Started {
  readonly process: ChildProcessWithoutNullStreams;
  out = '';
  err = '';
  readonly ended: Promise<number | null>;

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    process.stdout.on('data', (data: Buffer) => (this.out += data.toString()));
    process.stderr.on('data', (data: Buffer) => (this.err += data.toString()));
    this.ended = once(process, 'exit').then(([status]) => status as number | null);
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (let tries = 0; tries < 300; tries++) {
      const found = pattern.exec(this.out);
      if (found !== null) return found;
      if (this.process.exitCode !== null) break;
      await wait(50);
    }
    throw new Error(`no ${pattern}:\n${this.out}\n${this.err}`);
  }

  /** The process that runs `latchkey NAME` below this one. */
  child(name: string): number {
    const found = this.descendants().find((pid) => {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[2] === name && words[1]?.endsWith('cli.js') === true;
    });
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }

  descendants(): number[] {
    const top = this.process.pid ?? 0;
    const below = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...below(child)]);
    return below(top);
  }

  async stop(): Promise<number | null> {
    this.process.kill('SIGTERM');
    return this.ended;
  }
}

let started: Started | undefined;

afterEach(async () => {
  await started?.stop();
  started = undefined;
});

interface Trial {
  readonly directory: string;
  up(args?: readonly string[]): Started;
  run(args: readonly string[], from?: Space): Promise<Ran>;
}

function trial(user?: number): Trial {
  const directory = path.join(mkdtempSync(path.join(scratch, 'trial-')), 'state');
  chmodSync(path.dirname(directory), 0o711);
  if (user !== undefined) chownSync(path.dirname(directory), user, user);
  const env = { LATCHKEY_DIR: directory, LATCHKEY_DEVICE_DIR: `${directory}-device`, PORT: '7443' };
  const command = (args: readonly string[]): [string, string[]] => {
    const node: string[] = [process.execPath, cli(), ...args];
    if (user === undefined) return [process.execPath, node.slice(1)];
    return ['setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...node]];
  };
  return {
    directory,
    up(args = []) {
      const [file, all] = command(['up', '--host', lab.home.address4, ...args]);
      started = new Started(lab.home.spawn(file, all, { env }));
      return started;
    },
    run(args, from = lab.home) {
      const [file, all] = command(args);
      return from.run(file, all, { env, anyStatus: true });
    },
  };
}

function status(pid: number, key: string): string {
  return (
    new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.trim() ??
    ''
  );
}

function who(file: string): string {
  const { mode, uid, gid } = statSync(file);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
}

async function back(running: Started, name: string, before: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const pid = running.child(name);
      if (pid !== before) return pid;
    } catch {
      // between two lives
    }
    await wait(50);
  }
  throw new Error(`${name} did not come back: ${running.err}`);
}

describe('as root', () => {
  test('one offer at two addresses; relay and home agent have no right left, and not each other’s', async () => {
    const { directory, up } = trial();
    const running = up();
    const [, here] = await running.until(/(http:\/\/localhost:7444\/pair#\S+)/);
    const [, phone] = await running.until(/(https:\/\/[\d.]+:7443\/pair#\S+)/);
    expect(here?.split('#')[1]).toBe(phone?.split('#')[1]);
    expect(running.out).toMatch(/certificate SHA-256 +([0-9A-F]{2}:){31}[0-9A-F]{2}/);

    const ids = { relay: '64711', agent: '64712' };
    for (const [name, id] of Object.entries(ids)) {
      const pid = running.child(name);
      for (const key of ['Uid', 'Gid']) expect(status(pid, key)).toBe(Array(4).fill(id).join('\t'));
      expect(status(pid, 'Groups')).toBe('');
      for (const key of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
        expect(status(pid, key), key).toMatch(/^0+$/);
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
      // The home agent asks AWS, with AWS's own variables; its HOME is its own folder.
      const others = name === 'agent' ? environment.filter((one) => !one.startsWith('AWS_')) : environment;
      expect(others).toEqual(name === 'agent' ? [`HOME=${path.join(directory, 'agent')}`] : []);
    }
    expect(status(running.child('helper'), 'Uid')).toBe(Array(4).fill('0').join('\t'));

    expect(who(path.join(directory, 'relay'))).toBe('700 64711:64711');
    expect(who(path.join(directory, 'agent'))).toBe('700 64712:64712');
    expect(who(path.join(directory, 'helper'))).toBe('700 0:0');
    expect(who(path.join(directory, 'run'))).toBe('750 0:64712');
    expect(who(path.join(directory, 'run/helper.sock'))).toBe('660 0:64712');
    expect(who(path.join(directory, 'agent/control.sock'))).toBe('600 64712:64712');
    for (const room of ['relay', 'agent'] as const)
      for (const name of readdirSync(path.join(directory, room)))
        expect(who(path.join(directory, room, name)), name).toMatch(
          new RegExp(`^[67]00 ${ids[room]}:${ids[room]}$`),
        );

    // and the kernel agrees
    const read = (id: string, file: string): Promise<Ran> =>
      lab.home.run('setpriv', [`--reuid=${id}`, `--regid=${id}`, '--clear-groups', 'cat', file], {
        anyStatus: true,
      });
    expect((await read(ids.agent, path.join(directory, 'agent/home-keys.json'))).code).toBe(0);
    expect((await read(ids.relay, path.join(directory, 'agent/home-keys.json'))).code).not.toBe(0);
    expect((await read(ids.agent, path.join(directory, 'relay/relay.key'))).code).not.toBe(0);
    const connect = `require('net').connect(${JSON.stringify(path.join(directory, 'run/helper.sock'))}).on('connect', () => process.exit(0)).on('error', () => process.exit(7))`;
    const dial = (id: string): Promise<Ran> =>
      lab.home.run(
        'setpriv',
        [`--reuid=${id}`, `--regid=${id}`, '--clear-groups', process.execPath, '-e', connect],
        {
          anyStatus: true,
        },
      );
    expect((await dial(ids.agent)).code).toBe(0);
    expect((await dial(ids.relay)).code).toBe(7);
  });

  test('a phone pairs with the printed link and opens the first door; a later start prints no offer', async () => {
    const { up, run } = trial();
    const running = up();
    const [, link = ''] = await running.until(/(https:\/\/[\d.]+:7443\/pair#\S+)/);
    const greeted = (): Promise<Ran> =>
      lab.phone.run('bash', ['-c', `exec 3<>/dev/tcp/${lab.home.address4}/2222 && timeout 5 cat <&3`], {
        anyStatus: true,
      });
    expect((await greeted()).code).not.toBe(0);
    const paired = await run(['device', 'pair', link, '--yes', '--json'], lab.phone);
    expect(paired).toMatchObject({ code: 0 });
    await running.until(/Paired: .*latchkey revoke/);
    const opened = await run(['device', 'open', 'hello', '--json'], lab.phone);
    expect(opened, opened.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(opened.stdout)).toMatchObject({ state: 'open', address: lab.phone.address4 });
    expect((await greeted()).stdout).toContain('this door is open for you');

    expect(await running.stop()).toBe(0);
    expect((await greeted()).code).not.toBe(0);
    const again = up();
    await again.until(/further device/);
    expect(again.out).not.toContain('/pair#');
    const doors = await run(['device', 'doors', '--json'], lab.phone);
    expect(JSON.parse(doors.stdout)).toMatchObject([{ name: 'hello' }]);
  });

  test('whoever dies comes back, and up outlives it', async () => {
    const { up, run } = trial();
    const running = up();
    await running.until(/\/pair#/);
    for (const name of ['relay', 'helper', 'agent']) {
      const pid = running.child(name);
      process.kill(pid, 'SIGKILL');
      await back(running, name, pid);
      expect(running.err).toContain(`${name} ended (SIGKILL)`);
    }
    // Home agent and relay find each other again by themselves; until then a link, or a device, is refused.
    for (let tries = 0; tries < 40; tries++) {
      const link = await run(['pair', '--link']);
      if (link.code === 0) {
        expect(link.stdout).toMatch(/^https:\S+\n$/);
        if ((await run(['device', 'pair', link.stdout.trim(), '--yes'], lab.phone)).code === 0) return;
      }
      await wait(250);
    }
    throw new Error(`no device could pair: ${running.err}`);
  });

  test('when up is killed, nothing is left running', async () => {
    const running = trial().up();
    await running.until(/\/pair#/);
    const pids = running.descendants();
    expect(pids).toHaveLength(3);
    running.process.kill('SIGKILL');
    await running.ended;
    for (let tries = 0; tries < 100 && pids.some((pid) => existsSync(`/proc/${pid}`)); tries++)
      await wait(50);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  test('a second up is refused by the port’s name, and the first goes on', async () => {
    const first = trial().up();
    await first.until(/\/pair#/);
    const pids = first.descendants();
    const second = trial();
    const refused = await second.run(['up']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/config-port-in-use: The port is in use. \(port 7443\) Stop what listens/);
    expect(existsSync(path.join(second.directory, 'agent/agent.toml'))).toBe(false);
    expect(first.descendants()).toEqual(pids);
    started = first;
  });

  test('a folder that others cannot pass through is named', async () => {
    const closed = mkdtempSync(path.join(scratch, 'closed-'));
    const { code: exit, stderr } = await lab.home.run(process.execPath, [cli(), 'up'], {
      env: { LATCHKEY_DIR: path.join(closed, 'state') },
      anyStatus: true,
    });
    expect(exit).toBe(1);
    expect(stderr).toContain(`config-unreadable`);
    expect(stderr).toContain(`${closed} is closed`);
  });

  test('a child that cannot start ends up with the child’s own words', async () => {
    const { directory, up, run } = trial();
    await up().until(/\/pair#/);
    await started?.stop();
    const file = path.join(directory, 'agent/agent.toml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('allow_private = true', 'allow_private = "yes"'));
    const refused = await run(['up']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^config-invalid: .*agent\.toml: allow_private/m);
  });

  test('--new-certificate replaces what devices trust; a plain start does not', async () => {
    const { directory, up } = trial();
    const print = async (running: Started): Promise<string> =>
      (await running.until(/local authority SHA-256 +(\S+)/))[1] ?? '';
    const first = await print(up());
    await started?.stop();
    expect(await print(up())).toBe(first);
    await started?.stop();
    const replaced = up(['--new-certificate']);
    expect(await print(replaced)).not.toBe(first);
    await replaced.until(/\/pair#/);
    const kept = readFileSync(path.join(directory, 'relay/ca.crt'), 'utf8');
    const pid = replaced.child('relay');
    process.kill(pid, 'SIGKILL');
    await back(replaced, 'relay', pid);
    await wait(500);
    expect(readFileSync(path.join(directory, 'relay/ca.crt'), 'utf8')).toBe(kept);
  });
});

describe('doors at the command line', () => {
  const table = async (): Promise<string> =>
    (await lab.home.run('nft', ['list', 'table', 'inet', 'latchkey'], { anyStatus: true })).stdout;

  test('a gate asks for a second way in; nothing happens without it', async () => {
    const { directory, up, run } = trial();
    await up().until(/\/pair#/);
    const refused = await run(['door', 'add', 'nftables', 'web', '--port', '8080', '--mode', 'gate']);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain('tcp port 8080 are dropped');
    expect(await table()).not.toContain('8080');
    expect(existsSync(path.join(directory, 'helper/doors/web.toml'))).toBe(false);

    const added = await run(['door', 'add', 'nftables', 'web', '--port', '8080', '--mode', 'gate', '--yes']);
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: 'web is there\n' });
    expect(await table()).toContain('8080');
    expect(who(path.join(directory, 'helper/doors/web.toml'))).toBe('600 0:0');
    const listed = JSON.parse((await run(['door', 'list', '--json'])).stdout) as object[];
    expect(listed).toContainEqual({ name: 'web', driver: 'nftables', port: 8080 });

    expect((await run(['door', 'remove', 'web'])).code).toBe(0);
    expect(await table()).not.toContain('8080');
    expect(existsSync(path.join(directory, 'helper/doors/web.toml'))).toBe(false);
  });

  test('mark prints the one rule; names are unique across both rooms; a bad door leaves nothing', async () => {
    const { directory, up, run } = trial();
    await up().until(/\/pair#/);
    const marked = await run(['door', 'add', 'nftables', 'ssh', '--port', '22', '--mode', 'mark']);
    expect(marked.stdout).toContain('iptables -I INPUT -m mark --mark 0x6c61 -j ACCEPT');
    const proxy = (name: string, listen = '2300'): Promise<Ran> =>
      run(['door', 'add', 'proxy', name, '--listen', listen, '--target', '127.0.0.1:22']);
    expect(await proxy('ssh')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^config-exists: /) as string,
    });
    const taken = await run(['door', 'add', 'nftables', 'hello', '--port', '23', '--mode', 'mark']);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringMatching(/^config-exists: /) as string });
    expect(await table()).not.toContain('23');

    const before = readFileSync(path.join(directory, 'agent/agent.toml'), 'utf8');
    for (const [name, listen, key] of [
      ['again', '2222', /door hello has port 2222/],
      ['Bad-Name', '2300', /"Bad-Name"/],
      ['wild', '99999', /listen/],
    ] as const)
      expect(await proxy(name, listen)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(new RegExp(`^config-usage: .*${key.source}`)) as string,
      });
    const same = await run(['door', 'add', 'nftables', 'other', '--port', '22', '--mode', 'mark']);
    expect(same).toMatchObject({ code: 2, stderr: expect.stringMatching(/door ssh has tcp 22/) as string });
    expect((await run(['door', 'remove', 'nobody'])).code).toBe(1);
    expect(readFileSync(path.join(directory, 'agent/agent.toml'), 'utf8')).toBe(before);
    expect(readdirSync(path.join(directory, 'helper/doors'))).toEqual(['ssh.toml']);

    expect(await proxy('far')).toMatchObject({ code: 0 });
    expect(who(path.join(directory, 'agent/agent.toml'))).toBe('600 64712:64712');
    const names = async (): Promise<string[]> =>
      (JSON.parse((await run(['door', 'list', '--json'])).stdout) as { name: string }[]).map(
        ({ name }) => name,
      );
    expect((await names()).sort()).toEqual(['far', 'hello', 'ssh']);
    expect((await run(['door', 'remove', 'far'])).code).toBe(0);
    expect((await names()).sort()).toEqual(['hello', 'ssh']);
    expect(readFileSync(path.join(directory, 'agent/agent.toml'), 'utf8')).toBe(before);
    await run(['door', 'remove', 'ssh']);
  });
});

describe('without root', () => {
  const nobody = 65534;

  test('the same three processes, as the same user; root doors say what they lack', async () => {
    const { directory, up, run } = trial(nobody);
    mkdirSync(`${directory}-device`);
    chownSync(`${directory}-device`, nobody, nobody);
    const running = up();
    const [, link = ''] = await running.until(/(https:\/\/[\d.]+:7443\/pair#\S+)/);
    for (const name of ['relay', 'agent', 'helper'])
      expect(status(running.child(name), 'Uid')).toBe(Array(4).fill(String(nobody)).join('\t'));
    expect(running.out).toContain('tool-needs-root');
    const gate = await run(['door', 'add', 'nftables', 'web', '--port', '8080', '--mode', 'gate', '--yes']);
    expect(gate).toMatchObject({ code: 1, stderr: expect.stringMatching(/^tool-needs-root: /) as string });
    const far = ['door', 'add', 'proxy', 'far', '--listen', '2301', '--target', '127.0.0.1:22'];
    expect((await run([...far, '--serves', 'gopher'])).code).toBe(2);
    expect((await run([...far, '--serves', 'https'])).code).toBe(0);
    expect((await run(['device', 'pair', link, '--yes'], lab.phone)).code).toBe(0);
    const { stdout } = await run(['device', 'doors', '--json'], lab.phone);
    const shown = JSON.parse(stdout) as { name: string; serves: string }[];
    expect(Object.fromEntries(shown.map(({ name, serves }) => [name, serves]))).toEqual({
      far: 'https',
      hello: 'other',
    });
    expect((await run(['device', 'open', 'hello'], lab.phone)).code).toBe(0);
    for (const room of ['relay', 'agent', 'helper', 'run'])
      expect(who(path.join(directory, room))).toMatch(/^7[05]0 65534:65534$/);
  });
});
