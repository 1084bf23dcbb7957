import { createInterface } from 'node:readline';
import { codeOf } from '../../lib/errors.ts';
import { agentDrivers } from '../../server/agent/registry.ts';
import type { DoorDriver } from '../../server/doors/driver.ts';
import type { ProxyDriver } from '../../server/doors/proxy.ts';
import { drivers } from '../../server/helper/registry.ts';

/** Inside a namespace: one driver, asked by lines of JSON. Started by driver-host.ts. */

const types = [...drivers, ...agentDrivers];
const doors = new Map<string, DoorDriver>();
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

interface Request {
  readonly id: number;
  readonly door: string;
  readonly verb: 'create' | 'start' | 'open' | 'close' | 'inspect' | 'stop' | 'connections';
  readonly driver?: string;
  readonly table?: Record<string, unknown>;
  readonly directory?: string;
  readonly address?: string;
  readonly seconds?: number;
}

async function answer(request: Request): Promise<unknown> {
  const { id, verb, address = '', directory = '' } = request;
  if (verb === 'create') {
    const type = types.find((one) => one.name === request.driver);
    if (type === undefined) throw new Error('no such driver');
    const options = type.read(request.table ?? {});
    const context = { door: request.door, directory, log: (log: string) => print({ log }) };
    const door = type.create(options, context);
    doors.set(request.door, door);
    return { facts: door.facts, port: type.port(options) };
  }
  const door = doors.get(request.door);
  if (door === undefined) throw new Error('no such door');
  if (verb === 'open') {
    const began = performance.now();
    const stages: unknown[] = [];
    const opening = await door.open(address, request.seconds ?? 10, (stage) => {
      stages.push({ ...stage, atMs: Math.round((performance.now() - began) * 10) / 10 });
      print({ id, stage });
    });
    return { opening, stages };
  }
  if (verb === 'connections') return (door as ProxyDriver).connections();
  return door[verb](address);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request;
  answer(request).then(
    (result) => print({ id: request.id, result }),
    (error: unknown) =>
      print({ id: request.id, code: codeOf(error, 'tool-failed'), message: (error as Error).message }),
  );
});
print({ ready: process.pid });
