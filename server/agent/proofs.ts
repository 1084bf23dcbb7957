import type { Clock } from './clock.ts';
import type { Doors } from './doors.ts';
import type { Held } from './held.ts';
import { boundAt } from './listening.ts';
import type { Openings } from './openings.ts';
import { serviceState, type Bound } from './service.ts';

/** After the answer has left, so that looking takes nothing from whoever now connects: ms. */
const soonAfter = 20;

interface Parts {
  readonly openings: Openings;
  readonly doors: Doors;
  readonly clock: Clock;
  /** A parameter for tests. */
  readonly read?: typeof boundAt;
}

/** Looks whether a service waits where an opening leads. Never on the way of an opening: beside it, or after. */
export class Proofs {
  private readonly parts: Parts;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** An opening has just been made. */
  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look().then(() => this.parts.openings.changed());
    }, soonAfter);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** Looks once for everybody who asks meanwhile; never rejects. */
  look(): Promise<void> {
    this.looking ??= this.lookNow().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookNow(): Promise<void> {
    const { openings, doors, clock, read = boundAt } = this.parts;
    const services = new Map(doors.list().map((door) => [door.name, door.service]));
    // Whoever is in has shown that the service answers.
    const open = [...openings.held.values()].filter(
      (held) => held.phase !== 'opening' && held.phase !== 'closed' && held.session === undefined,
    );
    const bound: Partial<Record<'tcp' | 'udp', Bound | undefined>> = {};
    for (const protocol of ['tcp', 'udp'] as const) {
      const ports = open.flatMap((held) => {
        const service = services.get(held.row.door);
        return service?.protocol === protocol ? [service.port] : [];
      });
      if (ports.length > 0) bound[protocol] = await read(protocol, new Set(ports));
    }
    for (const held of open) note(held, services.get(held.row.door), bound, clock.now());
  }
}

function note(
  held: Held,
  service: Parameters<typeof serviceState>[0],
  bound: Partial<Record<'tcp' | 'udp', Bound | undefined>>,
  at: number,
): void {
  const sockets = service === undefined ? undefined : bound[service.protocol];
  const state = serviceState(service, held.row.address, sockets);
  // Since when it is so, not when it was looked at last.
  if (held.found.service?.state !== state) held.found = { ...held.found, service: { state, at } };
}
