import path from 'node:path';
import { codeOf } from '../../lib/errors.ts';
import type { CheckCode, CheckResult } from '../../lib/checks.ts';
import { known, unknown, type Fact } from '../doctor/facts.ts';
import { gatherHome, judgeHome } from '../doctor/home.ts';
import { sharedFor } from '../doctor/shared.ts';
import type { DoorHost } from '../doors/host.ts';
import type { Clock } from './clock.ts';
import { readAgentFile, type AgentFile } from './config.ts';
import type { Doors } from './doors.ts';

export interface Checked {
  /** Monotonic ms. */
  readonly at: number;
  readonly results: readonly CheckResult[];
}

export interface ChecksParts {
  readonly directory: string;
  readonly helper: DoorHost | undefined;
  readonly doors: Doors;
  readonly clock: Clock;
}

/** A device may ask as often as it likes: one look at a time, none sooner than this after the last (ms). */
const keptMs = 5000;

/** What only root sees: shown as unknown where no helper answers. */
const rootsOwn: readonly CheckCode[] = [
  'port-open',
  'opening-blocked',
  'established',
  'stale-opening',
  'files',
  'ssh-root',
  'ssh-password',
  'default-deny',
  'ssh-port',
  'saved-opening',
];

/** `latchkey doctor` for devices: what this process may see itself, and what the helper says of the system. */
export function homeChecksFor(parts: ChecksParts): () => Promise<Checked> {
  return sharedFor(keptMs, async () => {
    const [home, system] = await Promise.all([own(parts), ofHelper(parts.helper)]);
    return { at: parts.clock.now(), results: [...home, ...system] };
  });
}

/** As it stands now: who has just named a second way in need not restart anything. */
function readFile(directory: string): Fact<AgentFile> {
  try {
    return known(readAgentFile(path.join(directory, 'agent.toml')));
  } catch (error) {
    return unknown(codeOf(error, 'config-unreadable'));
  }
}

async function own({ directory, doors }: ChecksParts): Promise<readonly CheckResult[]> {
  await doors.refresh();
  const running = doors
    .list()
    .map(({ name, problem }) => ({ name, ...(problem === undefined ? {} : { problem }) }));
  return judgeHome(await gatherHome(readFile(directory), directory, known(running)));
}

async function ofHelper(helper: DoorHost | undefined): Promise<readonly CheckResult[]> {
  try {
    return (await helper?.checks?.()) ?? unseen('tool-needs-root');
  } catch (error) {
    return unseen(codeOf(error, 'tool-helper-gone'));
  }
}

function unseen(why: string): CheckResult[] {
  return rootsOwn.map((code) => ({ code, state: 'unknown', facts: { why } }));
}
