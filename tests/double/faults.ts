import { Refusal, type Harm } from './answer.ts';

/** What goes wrong on order, at the next calls that fit. */
export interface Order {
  readonly operation: string;
  /** Calls that fit and go well before it begins; default 0. */
  readonly after?: number;
  /** How many calls it hits; default 1. */
  readonly times?: number;
  readonly harm:
    | 'throttle'
    /** 500: the service cannot complete the request, and has not. */
    | 'fail'
    /** 503 for an expedited retrieval. */
    | 'no-capacity'
    | 'policy'
    /** 408 */
    | 'timeout'
    /** It is done, and the answer never leaves. */
    | 'lose-answer'
    /** The socket is destroyed after so many bytes of the request's body; nothing is done. */
    | { readonly cutRequestAfter: number }
    | Harm;
}

export class Faults {
  private readonly orders: { order: Order; skip: number; left: number }[] = [];

  order(...orders: Order[]): void {
    for (const order of orders) this.orders.push({ order, skip: order.after ?? 0, left: order.times ?? 1 });
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.orders.length = 0;
  }

  /** The harm for this call, which counts. */
  take(operation: string): Order['harm'] | undefined {
    for (const one of this.orders) {
      if (one.order.operation !== operation || one.left === 0) continue;
      if (one.skip > 0) {
        one.skip--;
        continue;
      }
      one.left--;
      return one.order.harm;
    }
    return undefined;
  }
}

/** As the service says it; undefined where the harm is to the bytes on their way. */
export function refusalOf(harm: Order['harm'] | undefined, service: 'glacier' | 's3'): Refusal | undefined {
  const glacier = service === 'glacier';
  switch (harm) {
    case 'throttle':
      return glacier
        ? new Refusal(400, 'ThrottlingException', 'Rate exceeded')
        : new Refusal(503, 'SlowDown', 'Please reduce your request rate.');
    case 'fail':
      return glacier
        ? new Refusal(500, 'ServiceUnavailableException', 'Service is unable to complete request.')
        : new Refusal(500, 'InternalError', 'We encountered an internal error. Please try again.');
    case 'no-capacity':
      return glacier
        ? new Refusal(
            503,
            'InsufficientCapacityException',
            'There is insufficient capacity to process the request.',
          )
        : new Refusal(
            503,
            'GlacierExpeditedRetrievalNotAvailable',
            'Glacier expedited retrievals are currently not available, please try again later',
          );
    case 'policy':
      return new Refusal(
        400,
        'PolicyEnforcedException',
        'InitiateJob request denied by current data retrieval policy.',
      );
    case 'timeout':
      return glacier
        ? new Refusal(408, 'RequestTimeoutException', 'Timed out while receiving the upload')
        : new Refusal(
            400,
            'RequestTimeout',
            'Your socket connection to the server was not read from or written to within the timeout period.',
          );
    default:
      return undefined;
  }
}
