import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { readAttackJournal, readAttackLine } from '../../../lib/attack.ts';
import type { Ban } from '../../../lib/ban.ts';
import { codeOf, LatchkeyError } from '../../../lib/errors.ts';
import { withWhatIsHere, type SourceDefinition } from '../../bans/definition.ts';
import type { SourceContext } from '../../bans/source.ts';
import { AttackCounts } from '../../helper/attacks.ts';
import { readHelperSources } from '../../helper/config.ts';
import { banSources } from '../../helper/registry.ts';
import { readHelperSettings } from '../../helper/settings.ts';
import { run } from '../../run.ts';
import { known, unknown, type BanFact, type Fact } from '../facts.ts';

/** A list of more takes its tool too long for a look in passing. */
const mostListed = 5000;
/** Of a log, its end. */
const mostLog = 512 * 1024;

/** Every source of bans that the helper reads, looked at once. Changes nothing. Never rejects. */
export async function gatherBans(helperFolder: string): Promise<Fact<readonly BanFact[]>> {
  let sources: readonly SourceDefinition[];
  try {
    const files = existsSync(path.join(helperFolder, 'bans'))
      ? readHelperSources(helperFolder, banSources)
      : [];
    sources = await withWhatIsHere(files, banSources);
  } catch (error) {
    return unknown(
      codeOf(error, 'config-unreadable'),
      error instanceof LatchkeyError ? error.detail : undefined,
    );
  }
  if (sources.length > 0 && process.geteuid?.() !== 0) return unknown('tool-needs-root');
  const failures = sources.length === 0 ? undefined : await pastFailures(helperFolder);
  return known(await Promise.all(sources.map((source) => lookAt(source, failures))));
}

async function lookAt(
  { name, type, options }: SourceDefinition,
  failures: SourceContext['failures'],
): Promise<BanFact> {
  const source = type.create(options, {
    source: name,
    log: () => undefined,
    ...(failures === undefined ? {} : { failures }),
  });
  try {
    const { state } = await source.look();
    if (state.problem !== undefined) return { state };
    const bans: Ban[] = [];
    for (const { jail, banned } of state.jails)
      if (banned > 0 && banned <= mostListed) bans.push(...(await source.list(jail)));
    const examined = (await source.examine?.()) ?? state;
    const off = skewOf(bans, Date.now());
    return { state: examined, ...(off === undefined ? {} : { offSeconds: off }) };
  } catch (error) {
    const problem = codeOf(error, 'tool-failed');
    return {
      state: { source: name, kind: type.name, tellsTimes: false, canUnban: false, jails: [], problem },
    };
  } finally {
    await source.stop();
  }
}

/** A list is some seconds old at the most; what is further off is another clock, or another zone. */
const toleratedMs = 90_000;

/** Seconds by which its times are ahead (or behind, below 0) as far as that shows: of bans that begin later than now, or are over. */
function skewOf(bans: readonly Ban[], now: number): number | undefined {
  const ahead = Math.max(0, ...bans.map(({ since }) => (since === undefined ? 0 : since - now)));
  const behind = Math.max(0, ...bans.map(({ until }) => (until === undefined ? 0 : now - until)));
  const off = ahead >= behind ? ahead : -behind;
  return Math.abs(off) > toleratedMs ? Math.round(off / 1000) : undefined;
}

/** What sshd's log has of failures, as far as its end tells. Undefined: it cannot be read. */
async function pastFailures(helperFolder: string): Promise<SourceContext['failures']> {
  try {
    const { sshLog } = readHelperSettings(helperFolder);
    if (sshLog === 'off') return undefined;
    const counts = new AttackCounts();
    const now = Date.now();
    for (const line of sshLog === 'journal' ? await journalLines() : endOf(sshLog.file)) {
      const read = sshLog === 'journal' ? readAttackJournal(line) : readAttackLine(line, now);
      if (read !== undefined) counts.take(read);
    }
    return (since) => counts.failures(since);
  } catch {
    return undefined;
  }
}

async function journalLines(): Promise<string[]> {
  const which = ['_UID=0', '_COMM=sshd', '+', '_UID=0', '_COMM=sshd-session'];
  const { stdout } = await run(
    'journalctl',
    ['--output=json', '--no-pager', '--quiet', '--lines=500', '--since=-1h', ...which],
    { env: { LC_ALL: 'C' }, timeoutMs: 2000, maxOutput: 4 * 1024 * 1024 },
  );
  return stdout.split('\n');
}

function endOf(file: string): string[] {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, mostLog));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8').split('\n');
  } finally {
    closeSync(fd);
  }
}
