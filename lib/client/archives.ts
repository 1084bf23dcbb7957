import { codeOf } from '../errors.ts';
import { toBase64 } from '../protocol/bytes.ts';
import type { Random } from '../protocol/keys.ts';
import type { RequestOf, ResultOf } from '../protocol/message.ts';
import type { Answer, Requests } from './requests.ts';

/** The rest of a request, when its type and id are known. */
type Rest<Type extends Parameters<Requests['ask']>[0]['type']> = Omit<RequestOf<Type>, 'type' | 'id'>;

/** What a device asks its home about archives. Rejects with what the home refused; what acts may have been done when the line broke. */
export class ClientArchives {
  private readonly requests: Requests;
  private readonly random: Random;

  constructor(requests: Requests, random: Random) {
    this.requests = requests;
    this.random = random;
  }

  totals(): Promise<Answer<ResultOf<'archives'>>> {
    return this.requests.ask({ type: 'archives' });
  }

  list(query: Rest<'archiveList'>): Promise<Answer<ResultOf<'archiveList'>>> {
    return this.requests.ask({ type: 'archiveList', ...query });
  }

  one(vault: string, id: string): Promise<Answer<ResultOf<'archive'>>> {
    return this.requests.ask({ type: 'archive', vault, id });
  }

  /** Absent: of all vaults. A home with many takes its time to ask AWS: the same request waits on. */
  async askInventory(vault?: string): Promise<Answer<ResultOf<'inventoryAsked'>>> {
    const id = this.id();
    for (;;) {
      try {
        return await this.requests.ask({
          type: 'inventory',
          id,
          ...(vault === undefined ? {} : { vault }),
        });
      } catch (error) {
        if (codeOf(error, 'relay-no-answer') !== 'archives-working') throw error;
      }
    }
  }

  importBegin(file: Rest<'importBegin'>): Promise<Answer<ResultOf<'importing'>>> {
    return this.requests.ask({ type: 'importBegin', id: this.id(), ...file });
  }

  importPart(
    part: Omit<Rest<'importPart'>, 'bytes'> & { bytes: Uint8Array },
  ): Promise<Answer<ResultOf<'importing'>>> {
    return this.requests.ask({ type: 'importPart', ...part, bytes: toBase64(part.bytes) });
  }

  importEnd(of: string): Promise<Answer<ResultOf<'imported'>>> {
    return this.requests.ask({ type: 'importEnd', import: of });
  }

  importStop(of: string): Promise<Answer<ResultOf<'importing'>>> {
    return this.requests.ask({ type: 'importStop', import: of });
  }

  plan(of: Rest<'restorePlan'>): Promise<Answer<ResultOf<'restorePlan'>>> {
    return this.requests.ask({ type: 'restorePlan', ...of });
  }

  restores(page: Rest<'restores'>): Promise<Answer<ResultOf<'restores'>>> {
    return this.requests.ask({ type: 'restores', ...page });
  }

  start(order: Rest<'restoreStart'>): Promise<Answer<ResultOf<'restoreStarted'>>> {
    return this.requests.ask({ type: 'restoreStart', id: this.id(), ...order });
  }

  pause(restore: string, now = false): Promise<Answer<ResultOf<'restoreChanged'>>> {
    return this.requests.ask({
      type: 'restorePause',
      id: this.id(),
      restore,
      ...(now ? { now: true as const } : {}),
    });
  }

  goOn(restore: string): Promise<Answer<ResultOf<'restoreChanged'>>> {
    return this.requests.ask({ type: 'restoreGoOn', id: this.id(), restore });
  }

  /** `perDay` in bytes; absent: no cap. */
  cap(restore: string, perDay?: number): Promise<Answer<ResultOf<'restoreChanged'>>> {
    return this.requests.ask({
      type: 'restoreCap',
      id: this.id(),
      restore,
      ...(perDay === undefined ? {} : { perDay }),
    });
  }

  sending(): Promise<Answer<ResultOf<'sending'>>> {
    return this.requests.ask({ type: 'sending' });
  }

  pauseSending(): Promise<Answer<ResultOf<'restoreChanged'>>> {
    return this.requests.ask({ type: 'sendingPause', id: this.id() });
  }

  private id(): string {
    return toBase64(this.random(16));
  }
}
