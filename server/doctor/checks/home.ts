import { finding, ok, unknowable, type Check } from '../check.ts';
import type { HomeFacts } from '../facts.ts';

/** Only its owner knows, and only its owner can say so. */
export const secondWay: Check<HomeFacts> = ({ secondWay: said }) => {
  const missing = unknowable('second-way', said);
  if (missing !== undefined || !said.known) return missing === undefined ? [] : [missing];
  return [said.value === undefined ? finding('second-way') : ok('second-way', { said: said.value })];
};

/** Can devices come in by each relay? */
export const relay: Check<HomeFacts> = ({ relays }) => {
  const missing = unknowable('relay', relays);
  if (missing !== undefined || !relays.known) return missing === undefined ? [] : [missing];
  return relays.value.map(({ url, problem }) =>
    problem === undefined ? ok('relay', { url }) : finding('relay', { url, problem }),
  );
};

/** Beyond this a certificate of today, or a line of a log, begins to mislead. Seconds. */
const tolerated = 60;

/** Beside the relay's clock: a `Date` header is exact to the second (RFC 9110, section 6.6.1). */
export const clock: Check<HomeFacts> = ({ relays }) => {
  const missing = unknowable('clock', relays);
  if (missing !== undefined || !relays.known) return missing === undefined ? [] : [missing];
  const told = relays.value.flatMap(({ aheadSeconds }) => aheadSeconds ?? []);
  if (told.length === 0) return [{ code: 'clock', state: 'unknown', facts: { why: 'relay-unreachable' } }];
  const off = told.find((seconds) => Math.abs(seconds) > tolerated);
  return [off === undefined ? ok('clock') : finding('clock', { ahead: off, off: lengthOf(Math.abs(off)) })];
};

function lengthOf(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2880
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${Math.round(minutes / 1440)} days`;
}

/** Is the home agent there, and can each of its doors be opened? */
export const running: Check<HomeFacts> = ({ running: doors }) => {
  const missing = unknowable('agent', doors);
  if (!doors.known) {
    if (doors.why === 'config-not-running') return [finding('agent')];
    return missing === undefined ? [] : [missing];
  }
  if (doors.value.length === 0) return [ok('agent'), finding('doors')];
  const broken = doors.value.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [finding('doors', { problem }, name)],
  );
  return [ok('agent'), ...(broken.length > 0 ? broken : [ok('doors')])];
};

export const keys: Check<HomeFacts> = ({ exposed }) => {
  const missing = unknowable('keys', exposed);
  if (missing !== undefined || !exposed.known) return missing === undefined ? [] : [missing];
  return exposed.value.length === 0 ? [ok('keys')] : exposed.value.map((path) => finding('keys', { path }));
};
