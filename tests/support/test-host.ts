import type { SessionFact, Stage } from '../../lib/door.ts';
import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';
import type { Opening } from '../../server/doors/driver.ts';
import type { DoorFacts, DoorHost } from '../../server/doors/host.ts';

/** A room in memory that tests can send away, slow down and make fail; it outlives the home agent. */
export class TestHost implements DoorHost {
  facts: DoorFacts[];
  /** Not to be reached, as a helper that has not been started. */
  away = false;
  /** What `open` throws, after it has acted or not. */
  failure: { code: ErrorCode; acts: boolean } | undefined;
  sessionsFail = false;
  live: SessionFact[] = [];
  /** Awaited inside `open`, before it acts. */
  gate: Promise<unknown> = Promise.resolve();
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly openings = new Map<string, Opening>();

  constructor(changes: Partial<DoorFacts> = {}) {
    this.facts = [
      {
        name: 'gate',
        driver: 'test',
        closes: 'agent',
        choosesTime: true,
        extends: true,
        readsBack: true,
        endpoint: { port: 22 },
        serves: 'ssh',
        defaultSeconds: 300,
        longestSeconds: 3600,
        ...changes,
      },
    ];
  }

  private here(): void {
    if (this.away) throw new LatchkeyError('tool-helper-gone');
  }

  async doors(): Promise<DoorFacts[]> {
    this.here();
    return Promise.resolve(this.facts);
  }

  async open(
    door: string,
    address: string,
    _seconds: number,
    onStage: (stage: Stage) => void,
  ): Promise<Opening> {
    this.here();
    this.opened.push(address);
    await this.gate;
    onStage({ stage: 'rule' });
    if (this.failure === undefined || this.failure.acts) this.openings.set(`${door} ${address}`, { address });
    if (this.failure !== undefined) throw new LatchkeyError(this.failure.code);
    return { address };
  }

  async close(door: string, address: string): Promise<void> {
    this.here();
    this.closed.push(address);
    this.openings.delete(`${door} ${address}`);
    return Promise.resolve();
  }

  async inspect(door: string): Promise<Opening[]> {
    this.here();
    return Promise.resolve(
      [...this.openings].filter(([key]) => key.startsWith(`${door} `)).map(([, opening]) => opening),
    );
  }

  async sessions(): Promise<SessionFact[]> {
    if (this.sessionsFail) throw new LatchkeyError('tool-failed');
    return Promise.resolve(this.live);
  }

  async stop(): Promise<void> {
    return Promise.resolve();
  }
}
