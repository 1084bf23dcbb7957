import type { DriverType } from '../doors/driver.ts';
import { proxy } from '../doors/proxy.ts';

/** The drivers that run in the home agent's own process, without rights: one line each. */
export const agentDrivers: readonly DriverType[] = [proxy as DriverType];
