import { codeOf, LatchkeyError, type ErrorCode } from '../errors.ts';
import { equal, fromBase64, toBase64 } from '../protocol/bytes.ts';
import type { Random } from '../protocol/keys.ts';
import type {
  Challenge,
  DeviceView,
  DoorView,
  EventView,
  Notice,
  NoticeOf,
  RequestOf,
  ResultOf,
} from '../protocol/message.ts';
import { ClientArchives } from './archives.ts';
import { Connection } from './connection.ts';
import type { ConnectionState } from './connection-types.ts';
import { Events, isReady, type ClientEvent, type Greeting } from './events.ts';
import type { HomeRecord } from './home-record.ts';
import type { ClientKeys } from './keys.ts';
import { askAddress, collectEvidence } from './observe.ts';
import { answerTime, Requests, type Answer } from './requests.ts';
import { StepLog, type Armed, type Opened, type ReleaseOptions } from './opening.ts';
import type { Clock, Dial, Observe } from './transport.ts';

export interface ClientOptions {
  readonly record: HomeRecord;
  readonly keys: ClientKeys;
  readonly dial: Dial;
  readonly observe: Observe;
  readonly random: Random;
  readonly clock: Clock;
}

interface Opening {
  readonly id: string;
  readonly log: StepLog;
}

/**
 * A paired device at one home. Requests may be made at any time: they go out as soon as the session stands and
 * fail with a `LatchkeyError` when the home is not reached, says no, or does not answer in 10 s.
 */
export class Client {
  /** What lies in Glacier. */
  readonly archives: ClientArchives;
  private readonly options: ClientOptions;
  private readonly connection: Connection;
  private readonly requests: Requests;
  private readonly events: Events;
  private readonly openings = new Set<Opening>();
  /** WELCOME's challenge, until somebody takes it or the home has answered. */
  private greeting: Greeting | undefined;
  private following = false;
  private refreshing: 'no' | 'running' | 'again' = 'no';

  constructor(options: ClientOptions) {
    this.options = options;
    const { record, keys, dial, random, clock } = options;
    this.events = new Events(clock);
    this.connection = new Connection({
      relays: record.relays,
      home: fromBase64(record.home),
      mailbox: fromBase64(record.mailbox),
      admission: { key: keys.admissionKey, sign: keys.sign },
      device: keys,
      claim: '',
      dial,
      random,
      clock,
      events: {
        state: (state) => this.onState(state),
        sendable: (resumed) => this.onSendable(resumed),
        greeting: (challenge) => this.onGreeting(challenge),
        notice: (notice) => this.onNotice(notice),
        taken: (n) => this.requests.taken(n),
      },
    });
    this.requests = new Requests({
      clock,
      send: (request) => this.connection.send(request),
      reason: () => this.reason(),
      wake: () => this.wake(),
      unanswered: () => this.connection.distrustLink('relay-no-answer'),
    });
    this.archives = new ClientArchives(this.requests, random);
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  /** When the home last said anything, monotonic ms. */
  get lastHeard(): number | undefined {
    return this.connection.lastHeard;
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    return this.events.subscribe(listener);
  }

  /**
   * Resolves when the home has answered. Throws why not, after every relay was tried once; it goes on trying
   * until `disconnect`.
   */
  async connect(): Promise<void> {
    this.connection.start();
    if (this.state.phase === 'ready') return;
    await this.events.until(isReady);
  }

  /** Closes the socket. The session stays in memory for the next `connect`. */
  disconnect(): void {
    this.connection.stop();
  }

  /** The relay now used, or to be tried next. */
  get relay(): string {
    return this.connection.relay;
  }

  /**
   * No WebSocket comes through here: most likely a proxy answers for this network, and the address that the home is
   * shown is the proxy's.
   */
  get polls(): boolean {
    return this.connection.polls;
  }

  /** The address that the relay says it sees this device at: a hint for people, proof of nothing. Throws `relay-*`. */
  seenFrom(): Promise<string> {
    return askAddress(this.relay, this.options.observe, this.options.random);
  }

  networkBack(): void {
    this.connection.networkBack();
  }

  /**
   * At thumb down: fetches a challenge and every observer's statement. Connects if need be; while the session
   * is being made, WELCOME's challenge serves, so that the opening can be its first frame.
   */
  async arm(door: string): Promise<Armed> {
    this.wake();
    const greeting = this.connection.isAccepted ? undefined : (this.take() ?? (await this.nextGreeting()));
    const { challenge, session, at } = greeting ?? (await this.askGreeting({ type: 'arm', door }));
    const { observe, clock } = this.options;
    const evidence = await collectEvidence(challenge.observers, this.connection.relay, observe, clock);
    return { door, challenge: challenge.challenge, evidence, session, at };
  }

  /** When the hold ends: one round trip. Throws `refused-challenge` where `armed` belongs to a session gone by. */
  async release(armed: Armed, options: ReleaseOptions = {}): Promise<Answer<Opened>> {
    const { clock, random } = this.options;
    const session = this.connection.sessionId;
    if (session === undefined || !equal(session, armed.session)) throw new LatchkeyError('refused-challenge');
    const opening: Opening = {
      id: toBase64(random(16)),
      log: new StepLog(clock.now(), options.onStep ?? (() => undefined)),
    };
    this.openings.add(opening);
    try {
      const answer = await this.requests.ask(
        {
          type: 'open',
          id: opening.id,
          door: armed.door,
          challenge: armed.challenge,
          ...(options.seconds === undefined ? {} : { seconds: options.seconds }),
          evidence: [...armed.evidence],
        },
        { sent: (at) => opening.log.sealed(at), relayed: (at) => opening.log.relayed(at) },
      );
      const { type: _type, steps, ...opened } = answer.value;
      this.tellDoor({ ...answer, value: opened.door });
      return { ...answer, value: { ...opened, steps: opening.log.finish(steps, answer.heardAt) } };
    } finally {
      this.openings.delete(opening);
    }
  }

  async close(door: string): Promise<Answer<DoorView>> {
    const id = toBase64(this.options.random(16));
    const answer = await this.requests.ask({ type: 'close', id, door });
    return this.tellDoor({ ...answer, value: answer.value.door });
  }

  /** The home reads the door back from the system. */
  async inspect(door: string): Promise<Answer<DoorView>> {
    const answer = await this.requests.ask({ type: 'inspect', door });
    return this.tellDoor({ ...answer, value: answer.value.door });
  }

  async doors(): Promise<Answer<readonly DoorView[]>> {
    const answer = await this.requests.ask({ type: 'doors' });
    const seen = { ...answer, value: answer.value.doors };
    this.events.emit({ type: 'doors', seen });
    return seen;
  }

  /** Whether the home tells of changes by itself; asked again by itself in each new session. */
  async follow(on: boolean): Promise<void> {
    this.following = on;
    await this.requests.ask({ type: 'follow', on });
  }

  /** Newest first; `before` is an event's `n`. At most 50. */
  async activity(limit: number, before?: number): Promise<readonly EventView[]> {
    const answer = await this.requests.ask({
      type: 'activity',
      ...(before === undefined ? {} : { before }),
      limit,
    });
    return answer.value.events;
  }

  async devices(): Promise<readonly DeviceView[]> {
    return (await this.requests.ask({ type: 'devices' })).value.devices;
  }

  /** What the home's doctor says: findings first. */
  async checks(): Promise<ResultOf<'checks'>> {
    return (await this.requests.ask({ type: 'checks' })).value;
  }

  /** `addresses`: what this device takes for its own. `midnight`: when the viewer's day began, Unix ms. */
  bans(addresses: readonly string[], midnight: number): Promise<Answer<ResultOf<'bans'>>> {
    return this.requests.ask({ type: 'bans', addresses: [...addresses], midnight });
  }

  banList(query: Omit<RequestOf<'banList'>, 'type'>): Promise<Answer<ResultOf<'banList'>>> {
    return this.requests.ask({ type: 'banList', ...query });
  }

  banNetworks(query: Omit<RequestOf<'banNetworks'>, 'type'>): Promise<Answer<ResultOf<'banNetworks'>>> {
    return this.requests.ask({ type: 'banNetworks', ...query });
  }

  ban(source: string, jail: string, value: string): Promise<Answer<ResultOf<'ban'>>> {
    return this.requests.ask({ type: 'ban', source, jail, value });
  }

  /** New bans between each two edges, Unix ms, rising. */
  banCounts(edges: readonly number[]): Promise<Answer<ResultOf<'banCounts'>>> {
    return this.requests.ask({ type: 'banCounts', edges: [...edges] });
  }

  attacks(): Promise<Answer<ResultOf<'attacks'>>> {
    return this.requests.ask({ type: 'attacks' });
  }

  /**
   * Lifts the bans of a value: this device's own address by evidence fetched now, or another with the permission.
   * The answer's `left` is what still stands, asked afterwards. `id`: for `reban`.
   */
  async unban(value: string): Promise<Answer<ResultOf<'unbanned'>> & { readonly id: string }> {
    this.wake();
    const { challenge } = await this.askGreeting({ type: 'armUnban' });
    const { observe, clock, random } = this.options;
    const evidence = await collectEvidence(challenge.observers, this.connection.relay, observe, clock);
    const id = toBase64(random(16));
    const answer = await this.requests.ask({
      type: 'unban',
      id,
      challenge: challenge.challenge,
      evidence: [...evidence],
      value,
    });
    return { ...answer, id };
  }

  /** Takes an `unban` back, within its time. */
  reban(unban: string): Promise<Answer<ResultOf<'rebanned'>>> {
    return this.requests.ask({ type: 'reban', id: toBase64(this.options.random(16)), unban });
  }

  /** `device` is a `DeviceView`'s id. Revoking this device itself ends the session too. */
  async revoke(device: string): Promise<void> {
    try {
      await this.requests.ask({ type: 'revoke', id: toBase64(this.options.random(16)), device });
    } catch (error) {
      // Sealed, so it is the home's word that what was asked for is so.
      const isOwn = device === this.options.record.device;
      if (!isOwn || codeOf(error, 'relay-no-answer') !== 'session-revoked') throw error;
    }
  }

  private reason(): ErrorCode | undefined {
    const { state } = this.connection;
    if (state.phase === 'waiting' || state.phase === 'refused') return state.code;
    if (state.phase === 'connecting') return state.code;
    return state.phase === 'off' ? 'relay-unreachable' : undefined;
  }

  /** A person asks: no reason to wait for the next try. A refusal stands until `connect`. */
  private wake(): void {
    const { state } = this.connection;
    if (state.phase === 'refused') throw new LatchkeyError(state.code);
    if (state.phase === 'off' || state.phase === 'waiting') this.connection.start();
  }

  private async askGreeting(request: RequestOf<'arm'> | RequestOf<'armUnban'>): Promise<Greeting> {
    const answer = await this.requests.ask(request);
    const session = this.connection.sessionId;
    if (session === undefined) throw new LatchkeyError('session-none');
    const { challenge, observers } = answer.value;
    return { challenge: { challenge, observers }, session, at: answer.sentAt };
  }

  private take(): Greeting | undefined {
    const { greeting } = this;
    this.greeting = undefined;
    return greeting;
  }

  /** Undefined: the session stands, or WELCOME brought no challenge: `arm` asks for one. */
  private async nextGreeting(): Promise<Greeting | undefined> {
    await this.events.until((event) => event.type === 'greeting' || isReady(event), answerTime);
    return this.take();
  }

  private tellDoor(seen: Answer<DoorView>): Answer<DoorView> {
    this.events.emit({ type: 'door', seen });
    return seen;
  }

  private onState(state: ConnectionState): void {
    this.greeting = undefined;
    if (state.phase === 'connecting' || state.phase === 'waiting') this.requests.linkLost();
    if (state.phase === 'waiting' && state.failures > 0) this.requests.notReached(state.code);
    if (state.phase === 'refused') this.requests.failAll(new LatchkeyError(state.code));
    if (state.phase === 'off') this.requests.failAll(new LatchkeyError('relay-unreachable', 'disconnected'));
    this.events.emit({ type: 'connection', state });
  }

  private onGreeting(challenge: Challenge | undefined): void {
    const session = this.connection.sessionId;
    this.greeting =
      challenge === undefined || session === undefined
        ? undefined
        : { challenge, session, at: this.options.clock.now() };
    this.events.emit({ type: 'greeting' });
  }

  private onSendable(resumed: boolean): void {
    this.requests.sendable(resumed);
    // A session from before this link needs one frame, so that the home learns where this device is now.
    if (
      (resumed && this.requests.size === 0) ||
      (!resumed && this.following && !this.requests.waits('follow'))
    ) {
      this.follow(this.following).catch(() => undefined); // the connection's state says what went wrong
    }
  }

  private onNotice(notice: Notice): void {
    switch (notice.type) {
      case 'ready':
        return this.events.emit({
          type: 'home',
          home: notice.home,
          device: notice.device,
          name: notice.name,
        });
      case 'reply':
      case 'failure':
        return this.requests.settle(notice);
      case 'progress':
        return this.progress(notice);
      case 'state':
        return this.refresh();
      case 'bans':
      case 'archives':
        return this.events.emit({ type: notice.type });
      case 'event':
        return this.events.emit({ type: 'event', event: notice.event });
      case 'refused':
      case 'paired':
        return;
    }
  }

  private progress(notice: NoticeOf<'progress'>): void {
    const opening = [...this.openings].find((candidate) => candidate.id === notice.id);
    opening?.log.progress(notice, this.options.clock.now());
  }

  /**
   * A pushed state is a reason to ask, not an answer: nothing says when it was sent, and a relay that held it
   * back would have a closed door shown open. An answer is never older than its question.
   */
  private refresh(): void {
    if (this.refreshing !== 'no') {
      this.refreshing = 'again';
      return;
    }
    this.refreshing = 'running';
    this.doors()
      .catch(() => undefined) // the connection's state says what went wrong
      .finally(() => {
        const again = this.refreshing === 'again';
        this.refreshing = 'no';
        if (again && this.connection.state.phase === 'ready') this.refresh();
      })
      .catch(() => undefined);
  }
}
