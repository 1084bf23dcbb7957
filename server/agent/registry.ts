import type { DriverType } from '../doors/driver.ts';
import { knock } from '../doors/knock.ts';
import { proxy } from '../doors/proxy.ts';

/** What a home's file may name although the helper runs it: such a door is shown with what it lacks. */
export const helperDriverNames: readonly string[] = ['nftables', 'knockd', 'command'];

/** The drivers that run in the home agent's own process, without rights: one line each. */
export const agentDrivers: readonly DriverType[] = [proxy as DriverType, knock];
