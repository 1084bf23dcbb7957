import { LatchkeyError } from '../../lib/errors.ts';
import { readEndpoint } from './endpoint.ts';
import { openProxy } from './proxy-listener.ts';
import type { DoorDriver, DriverContext, DriverType } from './driver.ts';
import type { Endpoint } from './endpoint.ts';
import type { ProxyConnection } from './proxy-listener.ts';

export interface ProxyOptions {
  /** Host absent: all of this machine's addresses. */
  readonly listen: Endpoint;
  readonly target: Endpoint & { readonly host: string };
}

/** What an agent can ask a proxy door beyond the interface, to match sessions with sshd's log. */
export interface ProxyDriver extends DoorDriver {
  /** Connections that passed, newest first: all live ones, and the last one of each opening. */
  connections(): ProxyConnection[];
}

/** Nobody from outside is meant to reach these. */
const loopback = /^(?:localhost|::1|127\.[\d.]+)$/;

/**
 * The door for machines without root: a listener that exists only while the door is open, for exactly the
 * opened addresses, and passes bytes to the target. The target sees this machine as the caller.
 */
export const proxy = {
  name: 'proxy',
  runsIn: 'agent',
  needsRoot: false,

  read(table) {
    for (const key of Object.keys(table)) {
      if (key !== 'listen' && key !== 'target')
        throw new LatchkeyError('config-invalid', `${key}: unknown key`);
    }
    const listen = readEndpoint(table['listen'], 'listen');
    const { host, port } = readEndpoint(table['target'], 'target');
    if (host === undefined) throw new LatchkeyError('config-invalid', 'target: must be "host:port"');
    return { listen, target: { host, port } };
  },

  port: (options) => options.listen.port,
  service: ({ target }) => ({ protocol: 'tcp', ...target }),
  claim: (options) => `port ${options.listen.port}`,
  guard: ({ listen }) => ({
    protocol: 'tcp',
    port: listen.port,
    dropsStrangers: 'process',
    opening: { kind: 'listener', onlyHere: listen.host !== undefined && loopback.test(listen.host) },
  }),

  create(options: ProxyOptions, context: DriverContext): ProxyDriver {
    const door = openProxy(options, context.log);
    return {
      // The process holds the listener: no process, no door.
      facts: { closes: 'process', choosesTime: true, extends: true, readsBack: true, seesPackets: true },
      start: () => Promise.resolve(),
      async open(address, seconds, onStage) {
        onStage({ stage: 'asked' });
        await door.admit(address, seconds * 1000);
        onStage({ stage: 'rule' });
        const opening = door.admitted().find((one) => one.address === address);
        if (opening === undefined) throw new LatchkeyError('tool-not-open', 'the listener is not there');
        onStage({ stage: 'checked' });
        return opening;
      },
      close: (address) => door.dismiss(address),
      inspect: () => Promise.resolve(door.admitted()),
      stop: () => door.stop(),
      connections: () => door.connections(),
      callerOf: (port) => door.connections().find((one) => one.live && one.outgoingPort === port)?.address,
    };
  },
} satisfies DriverType<ProxyOptions>;
