import { LatchkeyError, codeOf, type ErrorCode } from '../../lib/errors.ts';
import type { DoorFacts, DoorHost } from '../doors/host.ts';

/** Every door of the home: those of the helper, those of the home agent's own process, and those that lack a room. */
export class Doors {
  private readonly hosts: readonly DoorHost[];
  private homeless: readonly DoorFacts[] = [];
  private readonly byHost = new Map<DoorHost, readonly DoorFacts[]>();
  private known = new Map<string, { facts: DoorFacts; host: DoorHost | undefined }>();

  constructor(hosts: readonly DoorHost[]) {
    this.hosts = hosts;
  }

  /** Doors that are configured but have no room here, each with its `problem`; shown from the next `refresh` on. */
  lack(homeless: readonly DoorFacts[]): void {
    this.homeless = homeless;
  }

  /** Asks every room again. A room that does not answer keeps its doors, with the problem said. */
  async refresh(): Promise<void> {
    await Promise.all(
      this.hosts.map(async (host) => {
        try {
          this.byHost.set(host, await host.doors());
        } catch (error) {
          const problem: ErrorCode = codeOf(error, 'tool-helper-gone');
          const before = this.byHost.get(host);
          if (before !== undefined)
            this.byHost.set(
              host,
              before.map((facts) => ({ ...facts, problem })),
            );
        }
      }),
    );
    this.index();
  }

  private index(): void {
    const known: typeof this.known = new Map();
    for (const host of this.hosts) {
      for (const facts of this.byHost.get(host) ?? []) {
        if (!known.has(facts.name)) known.set(facts.name, { facts, host });
      }
    }
    for (const facts of this.homeless)
      if (!known.has(facts.name)) known.set(facts.name, { facts, host: undefined });
    this.known = known;
  }

  /** The home agent's own doors first: the embedded proxy door leads. */
  list(): DoorFacts[] {
    return [...this.known.values()].map((one) => one.facts);
  }

  /** Throws `refused-door`; `tool-helper-gone` while a room that may have it has never answered. */
  facts(name: string): DoorFacts {
    return this.find(name).facts;
  }

  /** True where every room has told its doors and none has this one. */
  isGone(name: string): boolean {
    return !this.known.has(name) && this.hosts.every((host) => this.byHost.has(host));
  }

  private find(name: string): { facts: DoorFacts; host: DoorHost | undefined } {
    const found = this.known.get(name);
    if (found === undefined)
      throw new LatchkeyError(this.isGone(name) ? 'refused-door' : 'tool-helper-gone', name);
    return found;
  }

  /** Throws as `facts` does, or the door's problem where it has no room here. */
  host(name: string): DoorHost {
    const found = this.find(name);
    if (found.host === undefined) throw new LatchkeyError(found.facts.problem ?? 'tool-needs-root');
    return found.host;
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
  }
}
