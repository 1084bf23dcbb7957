import { createHash } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startHousehold, type Household } from './household.ts';
import { createLab, type Lab } from './net.ts';
import { unpack } from './unpack.ts';

/** One section in a file of its own: three ports, and the rule for a port of its own. Open for 2 s. */
export interface KnockdFile {
  readonly name: string;
  readonly path: string;
  readonly sequence: readonly number[];
  readonly port: number;
  /** The outer instance's log, named in the file. */
  readonly log: string;
}

export interface KnockdHousehold {
  readonly lab: Lab;
  readonly house: Household;
  readonly files: Readonly<Record<string, KnockdFile>>;
  /** Rules for the file's port, of both families. */
  rules(name: string): Promise<string[]>;
  /** Pid of the knockd on lo that serves the file's door. */
  onLo(name: string): Promise<number>;
  destroy(): Promise<void>;
}

export const cmdTimeout = 2;
const rule = (tool: string, verb: string, port: number) =>
  `/sbin/${tool} ${verb} -s %IP% -p tcp --dport ${port} -j ACCEPT`;

/**
 * A whole home with one knockd door for each of `doors`, and files of the same kind without a door for each of
 * `bare`, for knockds of their own: all beside each other, on ports of their own.
 */
export async function startKnockdHousehold(
  doors: readonly string[],
  bare: readonly string[],
  more: Readonly<Record<string, { readonly text?: string; readonly program?: string }>> = {},
): Promise<KnockdHousehold> {
  const lab = await createLab({ firewall: 'iptables' });
  const folder = await mkdtemp(join(lab.directory, 'knockd-'));
  const program = (await unpack('knockd')).path('usr/sbin/knockd');
  const files: Record<string, KnockdFile> = {};
  for (const [i, name] of [...doors, ...bare].entries()) {
    const path = join(folder, `${name}.conf`);
    const log = join(folder, `${name}.log`);
    const port = 2200 + i;
    const sequence = [7000, 8000, 9000].map((first) => first + i);
    const text = `[options]
 logfile = ${log}
[${name}]
 sequence = ${sequence.join(',')}
 seq_timeout = 5
 tcpflags = syn
 cmd_timeout = ${cmdTimeout}
 command = ${rule('iptables', '-I INPUT 1', port)}
 stop_command = ${rule('iptables', '-D INPUT', port)}
 command_6 = ${rule('ip6tables', '-I INPUT 1', port)}
 stop_command_6 = ${rule('ip6tables', '-D INPUT', port)}
`;
    await writeFile(path, text + (more[name]?.text ?? ''), { mode: 0o644 });
    files[name] = { name, path, sequence, port, log };
  }
  const door = (name: string) =>
    [
      'driver = "knockd"',
      `file = "${files[name]?.path ?? ''}"`,
      `section = "${name}"`,
      `program = "${more[name]?.program ?? program}"`,
      'per_minute = 10000',
      '',
    ].join('\n');
  const house = await startHousehold(lab, {
    doors: Object.fromEntries(doors.map((name) => [name, door(name)])),
  });
  const script = 'iptables -S INPUT && ip6tables -S INPUT';
  const list = () => lab.home.run('sh', ['-c', script]).then(({ stdout }) => stdout.split('\n'));
  let running: Promise<string[]> = Promise.resolve([]);
  let next: Promise<string[]> | undefined;
  /** Many look at once: whoever asks while a listing runs gets the one after it. */
  const listing = () =>
    (next ??= running.then(() => {
      next = undefined;
      return (running = list());
    }));
  const state = join(dirname(house.helper?.config ?? ''), 'state');
  return {
    lab,
    house,
    files,
    async rules(name) {
      return (await listing()).filter((line) => line.includes(`--dport ${files[name]?.port ?? 0} `));
    },
    async onLo(name) {
      const hash = createHash('sha256')
        .update(files[name]?.path ?? '')
        .digest('hex')
        .slice(0, 12);
      const { pid } = JSON.parse(await readFile(join(state, `knockd-${hash}.pid`), 'utf8')) as {
        pid: number;
      };
      return pid;
    },
    async destroy() {
      await house.helper?.client.stop();
      await lab.destroy();
    },
  };
}
