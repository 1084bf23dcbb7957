import { admission } from './admission.ts';
import { SourceCounts, type Limits } from './limits.ts';
import type { Mailboxes } from './mailbox.ts';
import type { Transport } from './transport.ts';

/** Who may come in and how many, whatever carries them. What the frames mean is admission.ts and mailbox.ts. */
export class Entrance {
  private readonly connected = new SourceCounts();
  private readonly unadmitted = new SourceCounts();
  private unadmittedInAll = 0;
  private readonly mailboxes: Mailboxes;
  private readonly limits: Limits;

  constructor(mailboxes: Mailboxes, limits: Limits) {
    this.mailboxes = mailboxes;
    this.limits = limits;
  }

  /** Asked before anything is made for the peer. */
  isFull(source: string): boolean {
    return (
      this.unadmittedInAll >= this.limits.unadmitted ||
      this.unadmitted.of(source) >= this.limits.unadmittedPerSource ||
      this.connected.of(source) >= this.limits.connectionsPerSource
    );
  }

  /** Sends the challenge; the transport counts for its source until it is gone. */
  serve(transport: Transport, role: 'device' | 'home', source: string): void {
    this.connected.add(source);
    this.unadmitted.add(source);
    this.unadmittedInAll += 1;
    transport.onClose(() => this.connected.remove(source));
    admission(
      transport,
      role,
      ({ mailbox, key }) =>
        role === 'device'
          ? this.mailboxes.forDevice(mailbox).enter(transport, key)
          : this.mailboxes.forHome(mailbox)?.join(transport),
      () => {
        this.unadmitted.remove(source);
        this.unadmittedInAll -= 1;
      },
      this.limits.admissionTime,
    );
  }
}
