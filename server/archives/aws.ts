import { LatchkeyError, type ErrorCode } from '../../lib/errors.ts';

/**
 * What both of Amazon's services have in common for us: errors by their code, and patience. AWS says "slow down" with
 * HTTP 400 in one service and 503 in the other, so that the status tells nothing.
 */

const byName: Readonly<Record<string, ErrorCode>> = {
  ThrottlingException: 'archives-throttled',
  Throttling: 'archives-throttled',
  ThrottledException: 'archives-throttled',
  RequestThrottled: 'archives-throttled',
  RequestThrottledException: 'archives-throttled',
  RequestLimitExceeded: 'archives-throttled',
  TooManyRequestsException: 'archives-throttled',
  BandwidthLimitExceeded: 'archives-throttled',
  SlowDown: 'archives-throttled',
  AccessDeniedException: 'archives-denied',
  AccessDenied: 'archives-denied',
  CredentialsProviderError: 'archives-credentials',
  TokenProviderError: 'archives-credentials',
  ExpiredToken: 'archives-credentials',
  ExpiredTokenException: 'archives-credentials',
  InvalidAccessKeyId: 'archives-credentials',
  InvalidClientTokenId: 'archives-credentials',
  InvalidSignatureException: 'archives-credentials',
  InvalidToken: 'archives-credentials',
  MissingAuthenticationTokenException: 'archives-credentials',
  RequestTimeTooSkewed: 'archives-credentials',
  SignatureDoesNotMatch: 'archives-credentials',
  UnrecognizedClientException: 'archives-credentials',
  ResourceNotFoundException: 'archives-missing',
  NoSuchBucket: 'archives-missing',
  NoSuchKey: 'archives-missing',
  NotFound: 'archives-missing',
  RequestTimeout: 'archives-unreachable',
  RequestTimeoutException: 'archives-unreachable',
  ServiceUnavailableException: 'archives-unreachable',
  InternalError: 'archives-unreachable',
  TimeoutError: 'archives-unreachable',
  InsufficientCapacityException: 'archives-capacity',
  GlacierExpeditedRetrievalNotAvailable: 'archives-capacity',
  PolicyEnforcedException: 'archives-policy',
};

const ownMistakes: ReadonlySet<string> = new Set([
  'TypeError',
  'ReferenceError',
  'RangeError',
  'SyntaxError',
]);

interface AwsError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** AWS's words, on one line: for the log, and, sealed, for devices that ask why it failed. No secret is among them. */
function wordsOf({ name, message }: AwsError): string {
  const words = `${String(name)}: ${String(message)}`;
  return words.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 300);
}

/** Anything that the SDK threw, as ours; `detail` has AWS's own words. */
export function asLatchkeyError(thrown: unknown): LatchkeyError {
  if (thrown instanceof LatchkeyError) return thrown;
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : { message: thrown }) as AwsError;
  const status = error.$metadata?.httpStatusCode;
  // a mistake of ours is nothing to be patient with
  if (typeof error.name === 'string' && ownMistakes.has(error.name))
    return new LatchkeyError('tool-failed', wordsOf(error), { cause: thrown });
  const named =
    typeof error.name === 'string' && Object.hasOwn(byName, error.name) ? byName[error.name] : undefined;
  // what AWS never answered, or answered with a fault of its own
  const unheard = status === undefined || status >= 500;
  const code = named ?? (unheard ? 'archives-unreachable' : 'archives-refused');
  return new LatchkeyError(code, wordsOf(error), { cause: thrown });
}

/**
 * A package in CommonJS, imported: in the bundle everything of it is `default`'s alone, from a checkout it stands beside
 * it.
 */
export function ofCommonJs<Package extends object>(imported: Package): Package {
  return (imported as { readonly default?: Package }).default ?? imported;
}

export interface Patience {
  readonly pause: (ms: number) => Promise<void>;
  /**
   * True where asking twice does no harm. Else only what AWS certainly has not taken is repeated: what was throttled,
   * or refused for the clock.
   */
  readonly repeatable: boolean;
}

const tries = 6;
const firstPause = 500;

/** Calls until it is answered; gives up after about 20 s of pauses. Throws `archives-*`. */
export async function patiently<Result>(
  call: () => Promise<Result>,
  { pause, repeatable }: Patience,
): Promise<Result> {
  let skewMended = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      // the SDK has set its clock by the answer
      if (!skewMended && isSkew(thrown)) {
        skewMended = true;
        continue;
      }
      const again =
        error.code === 'archives-throttled' || (repeatable && error.code === 'archives-unreachable');
      if (!again || attempt === tries) throw error;
      await pause(firstPause * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  }
}

function isSkew(thrown: unknown): boolean {
  const { name, message } = thrown as AwsError;
  if (name === 'RequestTimeTooSkewed' || name === 'RequestExpired') return true;
  return name === 'InvalidSignatureException' && /expired|not yet current|skew/i.test(String(message));
}

export const realPause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** For both SDKs: we repeat by ourselves, and nothing may hang for ever. */
export const clientOptions = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
} as const;

/** Regions with vaults; those that an account must opt into answer that they do not know the key. July 2026. */
export const glacierRegions = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-central-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-north-1',
  'eu-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-east-1',
  'me-south-1',
  'af-south-1',
] as const;
