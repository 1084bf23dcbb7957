import { LatchkeyError } from '../../lib/errors.ts';
import { deviceFolder } from '../device/folder.ts';

/** What every `latchkey device …` understands. */
export interface Common {
  readonly json?: boolean;
  readonly home?: string;
}

export function folder(): string {
  return deviceFolder(process.env);
}

/** Throws `config-usage`, which names the option. */
export function whole(text: string, least: number, most: number, option: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new LatchkeyError('config-usage', `${option} is a whole number from ${least} to ${most}`);
}
