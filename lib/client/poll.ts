import { codeOf, LatchkeyError, type ErrorCode } from '../errors.ts';
import { concat, uint } from '../protocol/bytes.ts';
import { joinFrames, splitFrames } from '../protocol/frame.ts';
import { maxFrame } from '../protocol/version.ts';
import {
  pollEndpoint,
  type Clock,
  type Dial,
  type LinkEvents,
  type Post,
  type Posting,
} from './transport.ts';

/** An answer to opening or sending is due in this: ms. */
const answerLimit = 8000;
/** The relay holds a poll for 20 s; slow networks get some more: ms. */
const pollLimit = 30_000;
/** A request that failed is made again after these: ms. The relay counts frames, so none is taken twice. */
const tryAgain = [250, 1000];
/** What one request carries at most (bytes), as the relay takes it. */
const mostBytes = 2 * (maxFrame + 2) - 4;

/** PROTOCOL.md, Transport: long polling. One request waits for frames, another one at a time sends some. */
export function dialByPolling(post: Post, clock: Clock): Dial {
  return (relay, events) => {
    const link = new PollLink(pollEndpoint(relay), events, post, clock);
    void link.run();
    return link;
  };
}

class PollLink {
  readonly polls = true;
  private readonly address: string;
  private readonly events: LinkEvents;
  private readonly post: Post;
  private readonly clock: Clock;
  private readonly underWay = new Set<Posting>();
  private readonly pauses = new Set<() => void>();
  private token: string | undefined;
  private received = 0;
  private sent = 0;
  private outbox: Uint8Array[] = [];
  private sending = false;
  private over = false;

  constructor(address: string, events: LinkEvents, post: Post, clock: Clock) {
    this.address = address;
    this.events = events;
    this.post = post;
    this.clock = clock;
  }

  send(frame: Uint8Array): void {
    if (this.over) return;
    this.outbox.push(frame);
    if (this.sending || this.token === undefined) return;
    this.sending = true;
    // An admission and the frame right behind it go together.
    this.clock.after(0, () => void this.sendAll());
  }

  close(): void {
    this.over = true;
    for (const posting of this.underWay) posting.cancel();
    for (const cancel of this.pauses) cancel();
  }

  async run(): Promise<void> {
    try {
      const opened = await this.request('', new Uint8Array(0), answerLimit, []);
      if (opened.token === undefined) throw new LatchkeyError('relay-unreachable', 'no token');
      this.token = opened.token;
      this.hand(opened.body);
      while (!this.over) {
        const frames = await this.request('/frames', concat(uint(this.received, 4)), pollLimit);
        this.hand(frames.body);
      }
    } catch (error) {
      this.end(codeOf(error, 'relay-unreachable'));
    }
  }

  private hand(body: Uint8Array): void {
    for (const frame of splitFrames(body)) {
      this.received++;
      if (!this.over) this.events.message(frame);
    }
  }

  private async sendAll(): Promise<void> {
    try {
      while (this.outbox.length > 0 && !this.over) {
        const frames = this.batch();
        await this.request('/send', concat(uint(this.sent, 4), joinFrames(frames)), answerLimit);
        this.sent += frames.length;
        this.outbox = this.outbox.slice(frames.length);
      }
    } catch (error) {
      this.end(codeOf(error, 'relay-unreachable'));
    } finally {
      this.sending = false;
    }
  }

  private batch(): Uint8Array[] {
    let bytes = 0;
    const end = this.outbox.findIndex((frame) => (bytes += frame.length + 2) > mostBytes);
    return this.outbox.slice(0, end < 0 ? undefined : Math.max(1, end));
  }

  /** Throws `relay-*`. What the relay said is final; what was lost on the way is tried again. */
  private async request(
    path: string,
    body: Uint8Array,
    limit: number,
    again: readonly number[] = tryAgain,
  ): ReturnType<typeof this.once> {
    for (const pause of again) {
      try {
        return await this.once(path, body, limit);
      } catch (error) {
        if (this.over || error instanceof Said || codeOf(error, 'relay-unreachable') === 'relay-certificate')
          throw error;
      }
      await this.pause(pause);
    }
    return this.once(path, body, limit);
  }

  private async once(path: string, body: Uint8Array, limit: number) {
    if (this.over) throw new LatchkeyError('relay-unreachable', 'closed');
    const posting = this.post(`${this.address}${path}`, this.token, body, limit);
    this.underWay.add(posting);
    try {
      const answer = await posting.answer;
      if (answer.status === 200 || answer.status === 204) return answer;
      const detail = `status ${answer.status}`;
      // A gateway that could not reach the relay speaks for itself, not for the relay.
      if (answer.status === 502 || answer.status === 504)
        throw new LatchkeyError('relay-unreachable', detail);
      throw new Said(
        answer.status === 503 ? 'relay-full' : answer.status === 429 ? 'relay-rate' : 'relay-unreachable',
        detail,
      );
    } finally {
      this.underWay.delete(posting);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, done);
      const pauses = this.pauses;
      function done(): void {
        pauses.delete(stop);
        resolve();
      }
      function stop(): void {
        cancel();
        done();
      }
      pauses.add(stop);
    });
  }

  private end(code: ErrorCode): void {
    if (this.over) return;
    this.close();
    this.events.closed(code);
  }
}

/** The relay has answered, and would say the same again. */
class Said extends LatchkeyError {}
