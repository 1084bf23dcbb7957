import { fail2ban } from '../bans/fail2ban.ts';
import { hostsDeny } from '../bans/hosts-deny.ts';
import { ipset } from '../bans/ipset.ts';
import { nftset } from '../bans/nftset.ts';
import { recent } from '../bans/recent.ts';
import type { SourceType } from '../bans/source.ts';
import { command } from '../doors/command.ts';
import type { DriverType } from '../doors/driver.ts';
import { knockd } from '../doors/knockd.ts';
import { nftables } from '../doors/nftables.ts';

/** The drivers that run in the helper: one line a driver. */
export const drivers: readonly DriverType[] = [nftables, knockd, command];

/** What bans and is read by the helper: one line a source. */
export const banSources: readonly SourceType[] = [fail2ban, nftset, ipset, recent, hostsDeny];
