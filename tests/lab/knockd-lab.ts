import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { startDriverHost } from './driver-host.ts';
import { createLab } from './net.ts';
import { pidsIn } from './space.ts';
import { startSshd } from './sshd.ts';
import { unpack } from './unpack.ts';
import type { DriverHost, TimedStage } from './driver-host.ts';
import type { Lab } from './net.ts';
import type { Sshd } from './sshd.ts';

export const phone = '203.0.113.7';
export const phone6 = '2001:db8:7::7';
const rule = (tool: string, verb: string) => `/sbin/${tool} ${verb} -s %IP% -p tcp --dport 22 -j ACCEPT`;
export const options = '[options]\n\tUseSyslog\n\tlogfile = /nonexistent/knockd.log\n\tInterface = eth0\n';
export const openSsh = (seconds: number, name = 'openSSH') => `
[${name}]
 sequence = 7324,4566,7446,4324
 seq_timeout = 5
 command = ${rule('iptables', '-I INPUT 1')}
 command_6 = ${rule('ip6tables', '-I INPUT 1')}
 tcpflags = syn
 cmd_timeout = ${seconds}
 stop_command = ${rule('iptables', '-D INPUT')}
 stop_command_6 = ${rule('ip6tables', '-D INPUT')}
`;

export let lab: Lab;
export let sshd: Sshd;
export let program: string;
export let host: DriverHost;
let files = 0;

/** For a test file of knockd doors: one lab with a real sshd, emptied after each test. */
export function prepareKnockdLab(): void {
  beforeAll(async () => {
    lab = await createLab({ firewall: 'iptables' });
    sshd = await startSshd(lab);
    program = (await unpack('knockd')).path('usr/sbin/knockd');
    host = await startDriverHost(lab.home);
  });
  afterAll(() => lab.destroy());

  afterEach(async () => {
    for (const { host, door } of opened.splice(0)) await host.stop(door).catch(() => undefined);
    // knockd's sleeping children of the test before must not reach into the next one.
    for (const pid of pidsIn(lab.home.name)) {
      if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('knockd'))
        process.kill(pid, 'SIGKILL');
    }
    for (const tool of ['iptables', 'ip6tables']) {
      for (const address of (await rules(tool)).map((line) => /-s (\S+)/.exec(line)?.[1] ?? '')) {
        const spec = `-D INPUT -s ${address} -p tcp --dport 22 -j ACCEPT`;
        await lab.home.run(tool, spec.split(' '));
      }
    }
  });
}

export const opened: { host: DriverHost; door: string }[] = [];

export async function rules(tool = 'iptables'): Promise<string[]> {
  const { stdout } = await lab.home.run(tool, ['-S', 'INPUT']);
  return stdout.split('\n').filter((line) => line.includes('--dport 22 '));
}

export interface Made {
  readonly door: string;
  readonly directory: string;
  readonly file: string;
}

/** Writes a knockd.conf, makes and starts a door of it. */
export async function make(text: string, section = 'openSSH', more: object = {}, on = host): Promise<Made> {
  const directory = await mkdtemp(join(lab.directory, 'helper-'));
  const file = join(directory, 'knockd.conf');
  await writeFile(file, text, { mode: 0o644 });
  const door = `door${files++}`;
  await on.create(door, 'knockd', { file, section, program, ...more }, directory);
  await on.start(door);
  opened.push({ host: on, door });
  return { door, directory, file };
}

export const open = (made: Made, address = phone, onStage?: (stage: TimedStage) => void) =>
  host.open(made.door, address, 10, onStage);

export async function until(what: () => Promise<boolean>, withinMs: number): Promise<number> {
  const began = performance.now();
  while (!(await what())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms`);
    await sleep(20);
  }
  return performance.now() - began;
}

/** knockd processes in the home's namespace: the main one and its sleeping children. */
export async function knockds(): Promise<number[]> {
  const all = pidsIn(lab.home.name);
  const comms = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return all.filter((_, i) => comms[i]?.trim() === 'knockd');
}
