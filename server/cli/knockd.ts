import type { Command } from 'commander';
import { closeSync, fstatSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { LatchkeyError } from '../../lib/errors.ts';
import { lintKnockd } from '../../lib/knockd/lint.ts';
import type { ReadOther } from '../../lib/knockd/read.ts';
import { lintReport } from './knockd-report.ts';

export function register(program: Command): void {
  const knockd = program.command('knockd').description('an existing knockd, and what it really does');
  knockd
    .command('lint <file>')
    .description('reads a knockd.conf as knockd 0.8 would, and says what is wrong with its doors')
    .option('--json')
    .action((path: string, options: { json?: boolean }) => {
      const interfaces = interfacesHere();
      const result = lintKnockd(readConf(path), {
        other: readOneTime,
        ...(interfaces === undefined ? {} : { interfaces }),
      });
      process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : lintReport(result));
      if (!result.accepted) process.exitCode = 1;
    });
}

const mostBytes = 1024 * 1024;

/** A file, or what a shell hands over as one: `<(ssh home cat /etc/knockd.conf)`. Throws `config-unreadable`. */
function readConf(path: string): string {
  const unreadable = (why: string, cause?: unknown) =>
    new LatchkeyError('config-unreadable', `${path}: ${why}`, { cause });
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const stat = fstatSync(fd);
    if (stat.size > mostBytes || !(stat.isFile() || stat.isFIFO()))
      throw unreadable(`not a file of at most ${mostBytes} bytes`);
    return readFileSync(fd, 'latin1');
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw unreadable((cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Opened to write, as knockd does, and not written. Another user than knockd's cannot tell what knockd may. */
const readOneTime: ReadOther = (path) => {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r+');
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= mostBytes ? readFileSync(fd, 'latin1') : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? undefined : null;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};

/** Undefined where the system does not say. */
function interfacesHere(): string[] | undefined {
  try {
    return readdirSync('/sys/class/net');
  } catch {
    return undefined;
  }
}
