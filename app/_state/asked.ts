import type { Answer } from '../../lib/client/requests.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf } from '../../lib/errors.ts';
import type { Said } from './ban-types.ts';
import { Loading } from './loading.ts';
import type { Load } from './types.ts';

/** One question and its newest answer. Asked again while one runs: once more when that is answered, with the last question. */
export class Asked<Value> {
  said: Said<Value> | undefined;
  private readonly changed: () => void;
  private readonly loading: Loading;
  private next: (() => Promise<Answer<Value>>) | undefined;

  constructor(clock: Clock, changed: () => void) {
    this.changed = changed;
    this.loading = new Loading(clock);
  }

  get wasAsked(): boolean {
    return this.loading.wasAsked;
  }

  state(now: number): { readonly said?: Said<Value>; readonly load: Load } {
    return { ...(this.said === undefined ? {} : { said: this.said }), load: this.loading.state(now) };
  }

  ask(question: () => Promise<Answer<Value>>): void {
    this.next = question;
    if (!this.loading.begin()) return;
    this.changed();
    void this.run();
  }

  private async run(): Promise<void> {
    for (let question = this.next; question !== undefined; question = this.next) {
      this.next = undefined;
      try {
        const { value, sentAt } = await question();
        this.said = { value, at: sentAt };
        this.loading.done();
      } catch (error) {
        this.loading.fail(codeOf(error, 'relay-no-answer'));
      }
      if (this.next !== undefined) this.loading.begin();
      this.changed();
    }
  }
}
