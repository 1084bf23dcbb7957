import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { usualApplication } from '../../lib/door.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { Permission } from '../../lib/permission.ts';
import type { Random } from '../../lib/protocol/keys.ts';
import type { Notice } from '../../lib/protocol/message.ts';
import type { BanHost } from '../bans/host.ts';
import { checkTogether, readDoor } from '../doors/definition.ts';
import type { DoorFacts, DoorHost } from '../doors/host.ts';
import { DoorKeeper } from '../doors/keeper.ts';
import { verify } from '../ed25519.ts';
import { ownAddresses } from '../own-addresses.ts';
import { HomeArchives } from './archives/home-archives.ts';
import { Audit } from './audit.ts';
import { isWitnessed, type Policy } from './authorize.ts';
import { Bans } from './bans/bans.ts';
import { homeChecksFor, type Checked } from './checks.ts';
import { systemClock, type Clock } from './clock.ts';
import type { AgentFile, DoorTable } from './config.ts';
import { Connection } from './connection.ts';
import { Devices } from './devices.ts';
import { doorViews } from './door-view.ts';
import { Doors } from './doors.ts';
import type { HandlerParts } from './handlers.ts';
import { Handshakes } from './handshakes.ts';
import type { HomeKeys } from './keys.ts';
import { LiveSessions, type LiveSession } from './live-sessions.ts';
import { Openings, type StepObserver } from './openings.ts';
import { Proofs } from './proofs.ts';
import { Pairing } from './pairing.ts';
import { agentDrivers } from './registry.ts';
import { Reception } from './reception.ts';
import { Requests } from './requests.ts';
import { sessionsThrough } from './sessions-through.ts';
import { settleAll } from './settle.ts';
import { openStore, type Store } from './store/store.ts';
import { Watch } from './watch.ts';

export interface AgentOptions {
  /** The home agent's own folder, 0700. */
  readonly directory: string;
  readonly file: AgentFile;
  readonly keys: HomeKeys;
  /** The helper, where there is one. */
  readonly helper?: DoorHost;
  /** The room of bans; the helper too. */
  readonly bans?: BanHost;
  /** SHA-256 of the relay's SPKI, for offers, where a local CA issued its certificate. */
  readonly spki?: Uint8Array;
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  /** Tests stop the process at a step of an opening. The product passes none. */
  readonly observe?: StepObserver;
}

/** The home agent: decides. Everything it needs comes in by `AgentOptions`; it reads no environment. */
export class Agent {
  readonly devices: Devices;
  readonly audit: Audit;
  readonly pairing: Pairing;
  readonly openings: Openings;
  readonly proofs: Proofs;
  readonly requests: Requests;
  readonly doors: Doors;
  readonly bans: Bans;
  readonly archives: HomeArchives;
  readonly clock: Clock;
  private readonly options: AgentOptions;
  private readonly store: Store;
  private readonly sessions: LiveSessions;
  private readonly watch: Watch;
  private readonly keeper: DoorKeeper;
  private readonly connections: readonly Connection[];
  private readonly policy: Policy;
  private readonly checks: () => Promise<Checked>;
  private allow: readonly Permission[];
  private pushing = false;

  /** Opens the store, settles what an earlier run left, and dials out. Throws `config-*`. */
  static async start(options: AgentOptions): Promise<Agent> {
    mkdirSync(join(options.directory, 'doors'), { recursive: true, mode: 0o700 });
    const store = await openStore(join(options.directory, 'agent.db'));
    const agent = new Agent(options, store);
    await agent.begin();
    return agent;
  }

  private constructor(options: AgentOptions, store: Store) {
    const { file, keys, log } = options;
    const clock = options.clock ?? systemClock;
    this.options = options;
    this.allow = file.allow ?? [];
    this.store = store;
    this.clock = clock;
    this.keeper = new DoorKeeper({
      directory: join(options.directory, 'doors'),
      log,
      allowLoopback: true,
      ownAddresses,
      ...(options.helper === undefined ? {} : sessionsThrough(options.helper)),
    });
    const hosts: DoorHost[] = options.helper === undefined ? [this.keeper] : [this.keeper, options.helper];
    this.doors = new Doors(hosts);
    this.devices = new Devices(store);
    this.requests = new Requests(store, clock);
    this.audit = new Audit(store, () => clock.wall(), log);
    this.sessions = new LiveSessions(clock);
    this.policy = {
      observers: file.observer,
      allowPrivate: file.allow_private,
      ownRelay: file.relay.every((relay) => relay.own),
      verify,
      ownAddresses,
    };
    const { doors, devices, requests, audit } = this;
    const { directory, helper } = options;
    this.checks = homeChecksFor({ directory, helper, doors, clock });
    this.openings = new Openings({ store, doors, devices, requests, audit, clock, observe: options.observe });
    this.proofs = new Proofs({ openings: this.openings, doors, clock });
    this.bans = new Bans({
      host: options.bans,
      directory,
      openings: this.openings,
      requests,
      devices,
      audit,
      clock,
      policy: this.policy,
      observe: options.observe,
      log,
      changed: () => this.tellBans(),
    });
    const followed = (): boolean => this.sessions.followers().length > 0;
    this.archives = new HomeArchives({
      directory,
      sources: file.archives ?? [],
      ...(file.restore_folder === undefined ? {} : { restoreFolder: file.restore_folder }),
      requests,
      devices,
      audit,
      clock,
      log,
      followed,
      changed: () => this.tellArchives(),
    });
    const reception = new Reception({
      home: { name: file.name, ownRelay: isWitnessed(this.policy) },
      handshakes: new Handshakes(keys.box, clock, random),
      sessions: this.sessions,
      devices,
      pairing: () => this.pairing,
      handlers: this.handlerParts(),
      observe: options.observe,
    });
    this.connections = file.relay.map(
      (relay) =>
        new Connection({
          relay,
          keys,
          admission: () => ({ devices: devices.admissionKeys(), offer: this.pairing.admissionKey() }),
          onFrame: (bytes, route) => reception.take(bytes, route),
          onState: (state, reason) => log(`relay ${relay.url} ${state}: ${reason}`),
        }),
    );
    this.pairing = new Pairing({
      store,
      devices,
      audit,
      clock,
      home: { box: keys.box.publicKey, mailbox: keys.mailbox },
      relays: file.relay.flatMap((relay) => relay.public ?? [relay.url]).slice(0, 3),
      spki: options.spki,
      allowed: () => this.allow,
      keysChanged: () => this.sendKeys(),
      answered: (device, code) => this.pairingAnswered(device, code),
    });
    const { openings, proofs } = this;
    const { lifting } = this.bans;
    const { asking, restoring } = this.archives;
    const settle = (): Promise<readonly string[]> =>
      settleAll({ openings, requests, devices, audit, clock, lifting, asking, restoring });
    this.watch = new Watch({ openings, doors, devices, audit, clock, proofs, followed, settle, log });
    this.openings.onChange(() => this.push());
    audit.onEvent((event) => {
      for (const live of this.sessions.followers()) this.say(live, { type: 'event', event });
    });
  }

  private async begin(): Promise<void> {
    const { file, log } = this.options;
    this.bans.start();
    await this.setDoors(file.door);
    await this.watch.tick();
    await this.audit.note({ kind: 'started' });
    this.watch.start();
    for (const connection of this.connections) connection.start();
    // Behind the doors: a catalogue of a million archives takes its time to open, and nobody waits for it.
    this.archives.start();
    log(`home "${file.name}", ${this.devices.all().length} devices, ${this.doors.list().length} doors`);
  }

  /** Takes the home agent's own doors from its file, anew. Throws `config-invalid`, and nothing changes then. */
  async setDoors(tables: readonly DoorTable[]): Promise<void> {
    const definitions = tables
      .filter(runsHere)
      .map(({ name, ...table }) => readDoor(name, table, agentDrivers));
    checkTogether(definitions);
    await this.keeper.replace(definitions);
    this.doors.lack(tables.filter((door) => !runsHere(door)).map(homeless));
    await this.doors.refresh();
  }

  /** Takes the home's file over, anew. Throws `config-invalid`, and nothing changes then. */
  async reload(file: AgentFile): Promise<void> {
    await this.setDoors(file.door);
    this.allow = file.allow ?? [];
  }

  private sendKeys(): void {
    for (const connection of this.connections) connection.sendKeys();
  }

  private say(live: LiveSession, notice: Notice): void {
    try {
      this.sessions.say(live, notice);
    } catch (error) {
      this.options.log(`a message did not fit: ${String(error)}`);
      // Every request gets its one answer.
      if (notice.type === 'reply')
        this.say(live, { type: 'failure', re: notice.re, code: 'protocol-oversized' });
    }
  }

  /** Followers get the doors once for all that changes in one turn of the loop. */
  private push(): void {
    if (this.pushing) return;
    this.pushing = true;
    setImmediate(() => {
      this.pushing = false;
      const parts = this.handlerParts();
      for (const live of this.sessions.followers()) {
        this.say(live, { type: 'state', doors: doorViews(this.doors.list(), live.device, parts) });
      }
    });
  }

  /** A reason to ask, and no more: nothing of it is in the notice. */
  private tellBans(): void {
    for (const live of this.sessions.followers())
      this.say(live, { type: 'bans', revision: this.bans.revision });
  }

  private tellArchives(): void {
    for (const live of this.sessions.followers())
      this.say(live, { type: 'archives', revision: this.archives.revision });
  }

  private pairingAnswered(device: string, code: ErrorCode | undefined): void {
    for (const live of this.sessions.ofDevice(device)) {
      this.say(live, code === undefined ? { type: 'paired', ok: true } : { type: 'paired', ok: false, code });
      if (code !== undefined) this.sessions.drop(live);
    }
  }

  private revoked(device: string): void {
    for (const live of this.sessions.ofDevice(device)) {
      this.say(live, { type: 'refused', code: 'session-revoked' });
      live.following = false;
    }
    this.sendKeys();
  }

  handlerParts(): HandlerParts {
    const { doors, devices, openings, proofs, requests, audit, bans, archives, clock, policy, checks } = this;
    const say = (live: LiveSession, notice: Notice): void => this.say(live, notice);
    const revoked = (device: string): void => this.revoked(device);
    return {
      doors,
      devices,
      openings,
      proofs,
      requests,
      audit,
      bans,
      archives,
      clock,
      policy,
      random,
      say,
      checks,
      revoked,
    };
  }

  /** One round of the watch, without waiting for it. */
  watchNow(): Promise<void> {
    return this.watch.tick();
  }

  /** Lets go of sockets and the disk. `proxy` doors close with their process; the system holds the others. */
  async stop(): Promise<void> {
    this.watch.stop();
    this.proofs.stop();
    for (const connection of this.connections) connection.stop();
    await this.pairing.end('pairing-unanswered', true);
    await this.doors.stop();
    await this.bans.stop();
    await this.archives.stop();
    await this.store.close();
  }
}

const random: Random = (length) => new Uint8Array(randomBytes(length));

function runsHere(door: DoorTable): boolean {
  return agentDrivers.some((type) => type.name === door.driver);
}

/** A door of a driver that needs the helper, listed in the home agent's own file: shown, with what it lacks. */
function homeless(door: DoorTable): DoorFacts {
  const { port: said } = door;
  const port = Number.isSafeInteger(said) && Number(said) > 0 && Number(said) < 65_536 ? Number(said) : 22;
  return {
    name: door.name,
    driver: door.driver,
    closes: 'agent',
    choosesTime: false,
    extends: false,
    readsBack: false,
    endpoint: { ...(door.host === undefined ? {} : { host: door.host }), port },
    serves: door.serves ?? usualApplication(port, door['protocol'] === 'udp' ? 'udp' : 'tcp'),
    defaultSeconds: parseDuration(door.default ?? '5m'),
    longestSeconds: parseDuration(door.longest ?? '1h'),
    problem: 'tool-needs-root',
  };
}
