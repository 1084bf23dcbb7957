import { codeOf, LatchkeyError, type ErrorCode } from '../errors.ts';
import { admissionBytes } from '../protocol/admission.ts';
import { equal, utf8 } from '../protocol/bytes.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameOf } from '../protocol/frame.ts';
import { hello, initiate, readWelcome, type Hello } from '../protocol/handshake.ts';
import {
  readChallenge,
  readNotice,
  writeMessage,
  type Challenge,
  type Request,
} from '../protocol/message.ts';
import { Session } from '../protocol/session.ts';
import { admissionTime } from '../protocol/version.ts';
import { backoff } from './backoff.ts';
import type { ConnectionOptions, ConnectionState, Sent } from './connection-types.ts';
import { hostOf, type Link } from './transport.ts';

/** A link that was ready for less than this does not count as a good one: ms. */
const steadyAfter = 10_000;

/** A home busy with other handshakes is tried this often again before it counts as not reached. */
const busyTries = 3;

function challengeOf(greeting: string): Challenge | undefined {
  try {
    return readChallenge(utf8(greeting));
  } catch {
    return undefined; // `arm` asks for one
  }
}

/** One socket's life. */
interface Attempt {
  readonly relay: string;
  link: Link | undefined;
  admitted: boolean;
  hello: Hello | undefined;
  /** A relay that keeps saying "no such session" gets one new handshake a link, not one a frame. */
  greetedAgain: boolean;
  frames: number;
  readyAt: number | undefined;
  work: Promise<void>;
  cancelLimit: () => void;
}

/**
 * Keeps one way to the home open: dials, is admitted, shakes hands, dials again. The session belongs to this
 * object and outlives its sockets. Whatever the relay forges is dropped: only sealed frames reach `notice`.
 */
export class Connection {
  private readonly options: ConnectionOptions;
  private current: ConnectionState = { phase: 'off' };
  private attempt: Attempt | undefined;
  private session: Session | undefined;
  /** The home has answered in `session`. */
  private accepted = false;
  private turn = 0;
  private failures = 0;
  /** Links in a row that were lost soon after they were ready. */
  private flaps = 0;
  private busy = 0;
  private reason: ErrorCode | undefined;
  private cancelWait: () => void = () => undefined;
  private heard: number | undefined;

  constructor(options: ConnectionOptions) {
    this.options = options;
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** When a sealed frame of the home last came in, monotonic ms. */
  get lastHeard(): number | undefined {
    return this.heard;
  }

  /** Identity of the present session, to compare. */
  get sessionId(): Uint8Array | undefined {
    return this.session?.id;
  }

  /** True once the home has answered in the present session, on this link or one before. */
  get isAccepted(): boolean {
    return this.session !== undefined && this.accepted;
  }

  /** The present link is carried by long polling (`Link.polls`). */
  get polls(): boolean {
    return this.attempt?.link?.polls === true;
  }

  /** The relay now dialled or in use. */
  get relay(): string {
    const { relays } = this.options;
    return this.attempt?.relay ?? (relays[this.turn % relays.length] as string);
  }

  /** Starts, or dials at once when it is waiting to; else does nothing. */
  start(): void {
    if (this.current.phase === 'connecting' || this.current.phase === 'ready') return;
    if (this.current.phase !== 'waiting') {
      this.failures = 0;
      this.reason = undefined;
    }
    this.dial();
  }

  /** Closes the socket and dials no more; the session is kept for `start`. */
  stop(): void {
    this.dropLink();
    this.cancelWait();
    this.setState({ phase: 'off' });
  }

  /** The network changed: an old socket may be dead without knowing. Dials at once; the session goes on. */
  networkBack(): void {
    if (this.current.phase === 'off' || this.current.phase === 'refused') return;
    this.failures = 0;
    this.dial();
  }

  /** Seals and sends; undefined when nothing can be sent now (`sendable` says when). */
  send(request: Request): Sent | undefined {
    const { attempt, session } = this;
    if (attempt?.link === undefined || !attempt.admitted || session === undefined) return undefined;
    if (attempt.hello !== undefined) return undefined;
    const { sequence, bytes } = session.seal(writeMessage(request));
    return { sequence, frame: this.pass(attempt, bytes), at: this.options.clock.now() };
  }

  /** Gives the link up as dead (a request went unanswered) and dials anew. */
  distrustLink(code: ErrorCode): void {
    if (this.attempt !== undefined && this.current.phase === 'ready') this.lost(this.attempt, code);
  }

  private dial(): void {
    this.dropLink();
    this.cancelWait();
    const { clock, dial } = this.options;
    const attempt: Attempt = {
      relay: this.relay,
      link: undefined,
      admitted: false,
      hello: undefined,
      greetedAgain: false,
      frames: 0,
      readyAt: undefined,
      work: Promise.resolve(),
      cancelLimit: clock.after(admissionTime, () =>
        this.lost(attempt, attempt.admitted ? 'relay-no-answer' : 'relay-unreachable'),
      ),
    };
    this.attempt = attempt;
    const { failures, reason } = this;
    this.setState({ phase: 'connecting', failures, ...(reason === undefined ? {} : { code: reason }) });
    const link = dial(attempt.relay, {
      message: (frame) => {
        attempt.work = attempt.work.then(() => this.receive(attempt, frame));
      },
      closed: (code) => this.lost(attempt, code),
    });
    if (this.attempt === attempt) attempt.link = link;
    else link.close();
  }

  private dropLink(): void {
    this.attempt?.cancelLimit();
    this.attempt?.link?.close();
    this.attempt = undefined;
    // A session the home never answered in may not exist there: shake hands again.
    if (!this.accepted) this.session = undefined;
  }

  private lost(attempt: Attempt, code: ErrorCode): void {
    if (this.attempt !== attempt) return;
    this.dropLink();
    const { relays, random, clock } = this.options;
    let wait = 0;
    if (attempt.readyAt !== undefined) {
      this.flaps = clock.now() - attempt.readyAt < steadyAfter ? this.flaps + 1 : 1;
      wait = backoff(this.flaps, random);
    } else if (code === 'session-busy' && this.busy < busyTries) {
      wait = backoff(++this.busy, random);
    } else {
      this.turn++;
      if (this.turn % relays.length === 0) wait = backoff(++this.failures, random);
    }
    this.reason = code;
    this.cancelWait = clock.after(wait, () => this.dial());
    this.setState({ phase: 'waiting', code, failures: this.failures, until: clock.now() + wait });
  }

  private setState(state: ConnectionState): void {
    this.current = state;
    this.options.events.state(state);
  }

  private pass(attempt: Attempt, frame: Uint8Array): number {
    attempt.link?.send(frame);
    return ++attempt.frames;
  }

  private async receive(attempt: Attempt, bytes: Uint8Array): Promise<void> {
    if (this.attempt !== attempt) return;
    try {
      await this.handle(attempt, decodeFrame(bytes), bytes);
    } catch (error) {
      // Forged, broken, replayed: dropped without a word, since anyone on the way can send it. What is left to
      // do is given up by the attempt's time limit. Errors that are not ours are a key that cannot be used.
      const code = codeOf(error, 'protocol-key');
      const ours = error instanceof LatchkeyError;
      if (!ours || (code === 'protocol-version' && !attempt.admitted)) this.lost(attempt, code);
    }
  }

  private async handle(attempt: Attempt, frame: Frame, bytes: Uint8Array): Promise<void> {
    switch (frame.kind) {
      case 'challenge':
        return this.admit(attempt, frame);
      case 'welcome':
        return this.welcomed(attempt, bytes);
      case 'sealed':
        return this.opened(attempt, frame);
      case 'taken':
        if (frame.n <= attempt.frames) this.options.events.taken(frame.n);
        return;
      case 'gone':
        return this.gone(attempt, frame.code);
      default:
        return;
    }
  }

  private async admit(attempt: Attempt, frame: FrameOf<'challenge'>): Promise<void> {
    if (attempt.admitted) return;
    attempt.admitted = true;
    const { admission, mailbox, random } = this.options;
    const nonce = random(32);
    const signature = await admission.sign(
      admissionBytes({
        role: 'device',
        host: hostOf(attempt.relay),
        mailbox,
        relayNonce: frame.nonce,
        ownNonce: nonce,
      }),
    );
    if (this.attempt !== attempt) return;
    attempt.link?.send(encodeFrame({ kind: 'admit', mailbox, key: admission.key, nonce, signature }));
    if (this.session === undefined) await this.greet(attempt);
    else this.options.events.sendable(true);
  }

  private async greet(attempt: Attempt): Promise<void> {
    const { home, random, device } = this.options;
    attempt.hello = await hello(home, random, device.newPair);
    if (this.attempt === attempt) this.pass(attempt, attempt.hello.bytes);
  }

  private async welcomed(attempt: Attempt, bytes: Uint8Array): Promise<void> {
    if (attempt.hello === undefined) return;
    const { device, claim, random, events } = this.options;
    const welcome = readWelcome(bytes, attempt.hello);
    const answer = await initiate(attempt.hello, welcome, device, claim, random);
    if (this.attempt !== attempt) return;
    attempt.hello = undefined;
    this.session = new Session(answer.keys, 'device');
    this.accepted = false;
    this.pass(attempt, answer.bytes);
    events.greeting(challengeOf(welcome.greeting), welcome.transcript);
    events.sendable(false);
  }

  private opened(attempt: Attempt, frame: FrameOf<'sealed'>): void {
    const { session } = this;
    if (session === undefined || !equal(frame.session, session.id)) return;
    const message = session.open(frame);
    if (message === undefined) return;
    const notice = readNotice(message);
    this.heard = this.options.clock.now();
    if (notice.type === 'refused') {
      this.session = undefined;
      this.accepted = false;
      this.dropLink();
      this.setState({ phase: 'refused', code: notice.code });
      this.options.events.notice(notice);
      return;
    }
    this.accepted = true;
    if (attempt.readyAt === undefined) {
      attempt.readyAt = this.heard;
      attempt.cancelLimit();
      this.failures = 0;
      this.busy = 0;
      this.reason = undefined;
      this.setState({ phase: 'ready', relay: attempt.relay });
    }
    this.options.events.notice(notice);
  }

  /** Unsealed, so it can be forged: it costs a handshake or a dial, and never a word about this device. */
  private async gone(attempt: Attempt, code: ErrorCode): Promise<void> {
    // One for each frame that went out in the old session: those behind the first say nothing new.
    if (code === 'session-none' && attempt.hello !== undefined) return;
    if (code === 'session-none' && attempt.admitted && !attempt.greetedAgain) {
      attempt.greetedAgain = true;
      this.session = undefined;
      this.accepted = false;
      return this.greet(attempt);
    }
    const told = code.startsWith('relay-') || code === 'session-busy' || code === 'protocol-version';
    this.lost(attempt, told ? code : 'relay-unreachable');
  }
}
