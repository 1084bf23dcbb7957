import path from 'node:path';
import type { CheckResult } from '../../lib/checks.ts';
import type { AgentFile } from '../agent/config.ts';
import type { Check } from './check.ts';
import { clock, keys, relay, running, secondWay } from './checks/home.ts';
import { known, type Fact, type HomeFacts } from './facts.ts';
import { exposedAmong } from './gather/files.ts';
import { askRelay } from './relay.ts';

/** What is asked of the home agent's own files and of the network around it. */
export const homeChecks: readonly Check<HomeFacts>[] = [secondWay, running, relay, clock, keys];

/** Needs no rights but those of the home agent. Never rejects. */
export async function gatherHome(
  file: Fact<AgentFile>,
  directory: string,
  doors: HomeFacts['running'],
): Promise<HomeFacts> {
  return {
    secondWay: file.known ? known(file.value.second_way_in) : file,
    relays: file.known ? known(await Promise.all(file.value.relay.map(askRelay))) : file,
    running: doors,
    exposed: file.known
      ? exposedAmong(['home-keys.json', 'agent.toml'].map((name) => path.join(directory, name)))
      : file,
  };
}

export function judgeHome(facts: HomeFacts): CheckResult[] {
  return homeChecks.flatMap((check) => check(facts));
}
