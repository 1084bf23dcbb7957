import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../lib/errors.ts';
import { Agent } from './agent.ts';
import { readAgentFile, type AgentFile } from './config.ts';
import { listenControl, refuseSecond } from './control.ts';
import { HelperClient } from './helper-client.ts';
import { loadHomeKeys } from './keys.ts';
import type { StepObserver } from './openings.ts';

export interface RunningAgent {
  readonly agent: Agent;
  stop(): Promise<void>;
}

/**
 * The home agent as a process: its folder holds `agent.toml`, its keys, its store and its control socket.
 * Throws `config-*`.
 */
export async function runAgent(
  directory: string,
  log: (line: string) => void,
  observe?: StepObserver,
): Promise<RunningAgent> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'agent.toml');
  const file = readAgentFile(path);
  const controlSocket = join(directory, 'control.sock');
  await refuseSecond(controlSocket);
  const keys = loadHomeKeys(join(directory, 'home-keys.json'));
  const spki = spkiOf(file);
  let running: Agent | undefined = undefined as Agent | undefined;
  // Its doors and bans are asked for as soon as it is there, not at the next look.
  const onConnect = (): void => {
    void running?.doors.refresh();
    running?.bans.wake();
  };
  const helper =
    file.helper === undefined ? undefined : new HelperClient({ path: file.helper, log, onConnect });
  const agent = await Agent.start({
    directory,
    file,
    keys,
    log,
    ...(helper === undefined ? {} : { helper, bans: helper }),
    ...(spki === undefined ? {} : { spki }),
    ...(observe === undefined ? {} : { observe }),
  });
  running = agent;
  const control = await listenControl(controlSocket, agent, async () => {
    await agent.reload(readAgentFile(path));
  });
  return {
    agent,
    async stop() {
      control.close();
      await agent.stop();
    },
  };
}

/** What offers pin for devices: the key of the relay's own certificate, where the file of `ca` begins with it. */
function spkiOf(file: AgentFile): Uint8Array | undefined {
  const path = file.relay[0]?.ca;
  if (path === undefined) return undefined;
  let first: X509Certificate;
  try {
    first = new X509Certificate(readFileSync(path));
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', path, { cause });
  }
  if (first.ca) return undefined;
  const key = first.publicKey.export({ type: 'spki', format: 'der' });
  return new Uint8Array(createHash('sha256').update(key).digest());
}
