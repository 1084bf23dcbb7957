import { command } from '../doors/command.ts';
import type { DriverType } from '../doors/driver.ts';
import { knockd } from '../doors/knockd.ts';
import { nftables } from '../doors/nftables.ts';

/** The drivers that run in the helper: one line a driver. */
export const drivers: readonly DriverType[] = [nftables, knockd, command];
