import { createInterface } from 'node:readline';
import { followSessions } from '../../server/helper/sessions.ts';

/** Follows the journal of its own mount namespace; a line on stdin asks for the sessions. */
const sessions = followSessions({
  from: 'journal',
  log: (line) => process.stderr.write(`${line}\n`),
});
createInterface({ input: process.stdin }).on('line', () => {
  process.stdout.write(`${JSON.stringify(sessions.sessions())}\n`);
});
