import type { Command } from 'commander';

/** Keys and ids may begin with a dash: what is no option of such a command is taken as one, and then is known or not. */
export function takesIds(command: Command): Command {
  return command.allowUnknownOption();
}
