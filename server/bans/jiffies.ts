import { readFile } from 'node:fs/promises';

/** The kernel's count of timer ticks since it started, as some of /proc prints it, and how many make a second. */
export interface Jiffies {
  readonly now: number;
  readonly hz: number;
}

/** What kernels are built with (Kconfig.hz); Alpha's 1024 and the like are nobody's home server. */
const rates = [100, 250, 300, 1000];
/** INITIAL_JIFFIES: the count begins 300 s before it passes 2^32, so that its wrap shows early. */
const beforeWrap = 300;
const wrap = 2 ** 32;

/**
 * From /proc/timer_list: `now at N nsecs` (since start) and `jiffies: M`. Undefined where the two fit no rate, or
 * more than one. Never throws.
 */
export function readJiffies(timerList: string): Jiffies | undefined {
  const nanoseconds = /^now at (\d{1,20}) nsecs$/m.exec(timerList)?.[1];
  const ticks = /^jiffies: (\d{1,20})$/m.exec(timerList)?.[1];
  if (nanoseconds === undefined || ticks === undefined) return undefined;
  const seconds = Number(nanoseconds) / 1e9;
  const now = Number(ticks);
  // On 32 bits the count wraps; on 64 it goes on.
  const off = (hz: number) => {
    const due = wrap + (seconds - beforeWrap) * hz;
    return Math.min(Math.abs(now - due), Math.abs(now - (due % wrap))) / hz;
  };
  const fits = rates.filter((hz) => off(hz) < 5);
  return fits.length === 1 ? { now, hz: fits[0]! } : undefined;
}

/** How long ago a count was, in ms. */
export function agoMs({ now, hz }: Jiffies, then: number): number {
  const ticks = now - then;
  return ((ticks < 0 && now < wrap && then < wrap ? ticks + wrap : ticks) / hz) * 1000;
}

/** Undefined where this kernel does not tell, or not to us. */
export async function jiffiesNow(path = '/proc/timer_list'): Promise<Jiffies | undefined> {
  try {
    return readJiffies(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
