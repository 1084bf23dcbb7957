import { makeKnockdDoor } from './knockd-door.ts';
import { readKnockdOptions } from './knockd-plan.ts';
import type { DriverType } from './driver.ts';
import type { KnockdOptions } from './knockd-plan.ts';

/**
 * A door of an existing knockd.conf. The real knockd runs a second time, on `lo`, and hears the door's own
 * sequence with the device's address as source; the rule and its removal stay knockd's work. The file is
 * read once, when the door is read: a changed file takes effect with the next SIGHUP.
 *
 * For the home agent: an opening that `inspect` still shows `seconds` + 1 s after it began has lost its
 * timer; `close` takes away the rules that this driver asked for, and no others.
 */
export const knockd = {
  name: 'knockd',
  runsIn: 'helper',
  needsRoot: true,
  read: readKnockdOptions,
  port: (options) => options.port,
  // A rule that forwards leads to another machine; one for UDP says so.
  service({ port, plans }) {
    const rules = Object.values(plans).map((plan) => plan.rule);
    if (rules.some((rule) => rule !== undefined && (rule.table !== 'filter' || rule.chain === 'FORWARD')))
      return undefined;
    const protocol = rules.some((rule) => rule?.spec.includes('udp')) ? 'udp' : 'tcp';
    return { protocol, port };
  },
  // Two doors of one section could not tell whose opening a rule is.
  claim: (options) => `section [${options.section.name}] of ${options.path}`,
  guard({ port, path, plans, section }) {
    const commands = {
      ...(plans[4] === undefined ? {} : { 4: section.startCommand ?? '' }),
      ...(plans[6] === undefined ? {} : { 6: section.startCommand6 ?? section.startCommand ?? '' }),
    };
    const source = { path, section: section.name };
    // knockd's commands open what they like; sshd is what they are for
    return { protocol: 'tcp', port, dropsStrangers: 'host', opening: { kind: 'commands', commands }, source };
  },
  create(options, context) {
    const plans = Object.values(options.plans);
    return makeKnockdDoor(options, context, {
      // Without a stop command knockd never closes.
      closes: plans.every((plan) => plan.stopCommand !== undefined) ? 'child' : 'agent',
      choosesTime: false,
      extends: false,
      readsBack: plans.every((plan) => plan.rule !== undefined),
      seesPackets: plans.every((plan) => plan.rule !== undefined),
      // One without a start command for IPv6 opens for IPv4 alone.
      families: ([4, 6] as const).filter((family) => options.plans[family] !== undefined),
      seconds: options.section.cmdTimeout,
    });
  },
} satisfies DriverType<KnockdOptions>;
