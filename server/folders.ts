import { homedir } from 'node:os';
import path from 'node:path';

/** Where all state lies. Each subfolder is 0700 and its owner's alone. */
export interface Folders {
  readonly root: string;
  readonly relay: string;
  readonly witness: string;
  readonly agent: string;
  /** Root's door files. */
  readonly helper: string;
  /** The helper's socket, 0750, group of the home agent. */
  readonly run: string;
  readonly helperSocket: string;
  readonly controlSocket: string;
}

export function folders(environment: Readonly<Record<string, string | undefined>> = process.env): Folders {
  const root = path.resolve(environment['LATCHKEY_DIR'] || usual(environment));
  const run = path.join(root, 'run');
  const agent = path.join(root, 'agent');
  return {
    root,
    relay: path.join(root, 'relay'),
    witness: path.join(root, 'witness'),
    agent,
    helper: path.join(root, 'helper'),
    run,
    helperSocket: path.join(run, 'helper.sock'),
    controlSocket: path.join(agent, 'control.sock'),
  };
}

function usual(environment: Readonly<Record<string, string | undefined>>): string {
  if (process.getuid?.() === 0) return '/var/lib/latchkey';
  return path.join(environment['XDG_STATE_HOME'] || path.join(homedir(), '.local/state'), 'latchkey');
}
