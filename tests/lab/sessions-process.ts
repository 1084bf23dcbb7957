import { createInterface } from 'node:readline';
import { followAttacks } from '../../server/helper/attacks.ts';
import { followSessions } from '../../server/helper/sessions.ts';

/** Follows the journal of its own mount namespace; a line on stdin asks for the sessions, or `attacks` for those. */
const log = (line: string) => process.stderr.write(`${line}\n`);
const sessions = followSessions({ from: 'journal', log });
let attacks = followAttacks({ from: ['journal'], log });
createInterface({ input: process.stdin }).on('line', (line) => {
  // `again`: as a helper that starts now would.
  if (line === 'again') attacks = followAttacks({ from: ['journal'], log });
  process.stdout.write(`${JSON.stringify(line === '' ? sessions.sessions() : attacks.attacks())}\n`);
});
