import type { Client } from '../../lib/client/client.ts';
import type { Clock } from '../../lib/client/transport.ts';
import { codeOf } from '../../lib/errors.ts';
import type { DeviceView, EventView } from '../../lib/protocol/message.ts';
import { Loading } from './loading.ts';
import type { DevicesState } from './types.ts';

const changing: ReadonlySet<EventView['kind']> = new Set([
  'paired',
  'pairing',
  'revoked',
  'opened',
  'closed',
]);

/** The devices paired with a home, as it said when last asked. */
export class DeviceList {
  private readonly client: Client;
  private readonly changed: () => void;
  private readonly loading: Loading;
  private devices: readonly DeviceView[] = [];
  private revoking: string | undefined;
  private revokeFailed: DevicesState['revokeFailed'];

  constructor(client: Client, clock: Clock, changed: () => void) {
    this.client = client;
    this.changed = changed;
    this.loading = new Loading(clock);
  }

  state(now: number): DevicesState {
    return {
      devices: this.devices,
      load: this.loading.state(now),
      ...(this.revoking === undefined ? {} : { revoking: this.revoking }),
      ...(this.revokeFailed === undefined ? {} : { revokeFailed: this.revokeFailed }),
    };
  }

  load(): void {
    void this.fetch();
  }

  heard(event: EventView): void {
    if (this.loading.wasAsked && changing.has(event.kind)) this.load();
  }

  async revoke(device: string): Promise<void> {
    if (this.revoking !== undefined) return;
    this.revoking = device;
    this.revokeFailed = undefined;
    this.changed();
    try {
      await this.client.revoke(device);
      this.devices = this.devices.filter(({ id }) => id !== device);
      if (this.client.state.phase === 'ready') this.load();
    } catch (error) {
      this.revokeFailed = { device, code: codeOf(error, 'relay-no-answer') };
    }
    this.revoking = undefined;
    this.changed();
  }

  private async fetch(): Promise<void> {
    if (!this.loading.begin()) return;
    this.changed();
    try {
      this.devices = await this.client.devices();
      this.loading.done();
    } catch (error) {
      this.loading.fail(codeOf(error, 'relay-no-answer'));
    }
    this.changed();
  }
}
