import { makeCommandDoor } from './command-door.ts';
import { readCommandOptions } from './command-plan.ts';
import type { CommandOptions } from './command-plan.ts';
import type { DriverType } from './driver.ts';

/**
 * Anything else that a program can open: arrays of arguments of the home's own making, run as root or as `user`,
 * without a shell, with an empty environment. The system keeps no time for them, so the home agent closes.
 */
export const command = {
  name: 'command',
  runsIn: 'helper',
  needsRoot: true,
  read: readCommandOptions,
  port: (options) => options.port,
  // Two doors with one command could not tell whose opening it is.
  claim: ({ plans }) => `the command ${JSON.stringify(Object.values(plans).map((plan) => plan.open))}`,
  create: makeCommandDoor,
} satisfies DriverType<CommandOptions>;
