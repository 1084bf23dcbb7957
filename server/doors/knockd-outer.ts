import { followFile } from '../follow-file.ts';
import { readKnockdLine } from '../../lib/knockd/log.ts';

/** What the outer instance, the one that hears the wire, says of its own work. */
export interface OuterLog {
  /** Resolves once everything said until now was told. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Follows the log file of the outer instance, from now on. It tells whose a rule is, never that there is one:
 * `onOpened` gets the address for which that knockd runs the section's start command.
 */
export function followOuter(logFile: string, section: string, onOpened: (address: string) => void): OuterLog {
  return followFile(logFile, {
    from: 'end',
    encoding: 'latin1',
    onLine: (line) => {
      const event = readKnockdLine(line, [section]);
      if (event?.kind === 'sesame') onOpened(event.address);
    },
  });
}
