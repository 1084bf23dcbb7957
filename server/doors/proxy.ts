import { isIPv6 } from 'node:net';
import { LatchkeyError } from '../../lib/errors.ts';
import { openProxy } from './proxy-listener.ts';
import type { DoorDriver, DriverContext, DriverType } from './driver.ts';
import type { ProxyConnection } from './proxy-listener.ts';

export interface Endpoint {
  /** Absent: all of this machine's addresses. */
  readonly host?: string;
  readonly port: number;
}

export interface ProxyOptions {
  readonly listen: Endpoint;
  readonly target: Endpoint & { readonly host: string };
}

/** What an agent can ask a proxy door beyond the interface, to match sessions with sshd's log. */
export interface ProxyDriver extends DoorDriver {
  /** Connections that passed, newest first: all live ones, and the last one of each opening. */
  connections(): ProxyConnection[];
}

/** `2222`, `"2222"`, `"192.0.2.1:2222"`, `"[2001:db8::1]:2222"`, `"localhost:22"`. */
function readEndpoint(value: unknown, key: string): Endpoint {
  const text = typeof value === 'number' ? String(value) : value;
  const found = typeof text === 'string' ? /^(?:(?:\[([^\]]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text) : null;
  const port = Number(found?.[3]);
  const host = found?.[1] ?? found?.[2];
  const bracketed = found?.[1];
  if (found === null || port < 1 || port > 65535 || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new LatchkeyError('config-invalid', `${key}: a port from 1 to 65535, or "host:port"`);
  }
  return host === undefined ? { port } : { host, port };
}

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
  claim: (options) => `port ${options.listen.port}`,
  guard: ({ listen }) => ({
    protocol: 'tcp',
    port: listen.port,
    dropsStrangers: 'process',
    opening: { kind: 'listener' },
  }),

  create(options: ProxyOptions, context: DriverContext): ProxyDriver {
    const door = openProxy(options, context.log);
    return {
      // The process holds the listener: no process, no door.
      facts: { closes: 'process', choosesTime: true, extends: true, readsBack: true },
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
    };
  },
} satisfies DriverType<ProxyOptions>;
