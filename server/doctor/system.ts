import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { CheckResult } from '../../lib/checks.ts';
import { codeOf } from '../../lib/errors.ts';
import { plainWords } from '../../lib/knockd/iptables-rule.ts';
import type { DoorDefinition } from '../doors/definition.ts';
import { readPlain } from '../files.ts';
import { guarded, type Check } from './check.ts';
import { bans } from './checks/bans.ts';
import { defaultDeny } from './checks/default-deny.ts';
import { judgeable, readable } from './checks/doors.ts';
import { established } from './checks/established.ts';
import { files } from './checks/files.ts';
import { knockd } from './checks/knockd.ts';
import { listening } from './checks/listening.ts';
import { openings } from './checks/opening.ts';
import { saved } from './checks/saved.ts';
import { sshListen, sshLogin } from './checks/ssh.ts';
import { stale } from './checks/stale.ts';
import { strangers } from './checks/strangers.ts';
import { known, unknown, type DoorFact, type Fact, type SystemFacts, type TextFile } from './facts.ts';
import { gatherBans } from './gather/bans.ts';
import { gatherFiles, gatherSaved } from './gather/files.ts';
import { gatherFirewall } from './gather/firewall.ts';
import { gatherListeners, gatherNetwork } from './gather/network.ts';
import { gatherSshd } from './gather/sshd.ts';
import { gatherTimers } from './gather/timers.ts';

/** What is asked of the system, dearest findings first. */
export const systemChecks: readonly Check<SystemFacts>[] = [
  readable,
  strangers,
  judgeable,
  openings,
  established,
  stale,
  files,
  sshLogin,
  sshListen,
  defaultDeny,
  listening,
  saved,
  knockd,
  bans,
];

export function doorFacts(doors: readonly DoorDefinition[]): DoorFact[] {
  return doors.flatMap(({ name, type, options }) => {
    const guard = type.guard?.(options, name);
    if (guard === 'elsewhere') return [];
    return [{ name, ...(guard === undefined ? {} : { guard }) }];
  });
}

/**
 * Looks, and changes nothing. `helperFolder`: DIR of the door files. Never rejects: what cannot be seen is unknown.
 */
export async function gatherSystem(
  doors: Fact<readonly DoorFact[]>,
  helperFolder: string,
): Promise<SystemFacts> {
  const all = doors.known ? guarded(doors.value) : [];
  const sources = [...new Set(all.flatMap(({ guard }) => guard.source?.path ?? []))];
  const commands = all.flatMap(({ guard: { opening } }) =>
    opening.kind === 'commands' ? Object.values(opening.commands) : [],
  );
  const tools = commands
    .map((command) => plainWords(command)?.[0] ?? '')
    .filter((tool) => path.isAbsolute(tool));
  const [firewall, listeners, sshd, banned] = await Promise.all([
    gatherFirewall(),
    gatherListeners(),
    gatherSshd(),
    gatherBans(helperFolder),
  ]);
  const sshFiles = sshd.known ? sshd.value.map(({ file }) => file) : [];
  return {
    doors,
    firewall,
    listeners,
    sshd,
    network: gatherNetwork(),
    interfaces: namesIn('/sys/class/net'),
    files: isReadByRoot(helperFolder)
      ? gatherFiles([...helperFiles(helperFolder), ...sources, ...tools, ...sshFiles])
      : unknown('tool-needs-root'),
    saved: gatherSaved(),
    knockdFiles: textsOf(sources),
    knockdTimers: gatherTimers(),
    bans: banned,
  };
}

export function judgeSystem(facts: SystemFacts): CheckResult[] {
  return systemChecks.flatMap((check) => check(facts));
}

/** Of a helper that is not root's, in one's own folder, root reads nothing. */
function isReadByRoot(folder: string): boolean {
  if (process.geteuid?.() === 0) return true;
  try {
    return lstatSync(folder).uid === 0;
  } catch {
    return false;
  }
}

function helperFiles(folder: string): string[] {
  const kinds = ['doors', 'bans'].map((kind) => path.join(folder, kind));
  const inside = [folder, ...kinds].flatMap((one) => namesIn(one).map((name) => path.join(one, name)));
  return [folder, ...inside];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textsOf(paths: readonly string[]): Fact<readonly TextFile[]> {
  try {
    return known(paths.map((file) => ({ path: file, text: latin1(readPlain(file) ?? '') })));
  } catch (error) {
    return unknown(codeOf(error, 'config-unreadable'));
  }
}

/** The linter counts bytes, as knockd does. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
