import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Refusal, write, type Answer, type Harm } from './answer.ts';
import { Ledger, prices2026, type Prices } from './bill.ts';
import { Blobs, CutBody, receive, type Body } from './body.ts';
import { bucketRoute } from './bucket-api.ts';
import { Bucket } from './bucket.ts';
import type { Call, Parts, Waits } from './call.ts';
import { hour, minute, VirtualClock } from './clock.ts';
import { Faults, refusalOf } from './faults.ts';
import { actionsOf } from './permissions.ts';
import { glacierError, s3Error, unsignedRefusal } from './errors.ts';
import { checkSignature, scopeOf, type Credential } from './sigv4.ts';
import { vaultRoute, type Route } from './vault-api.ts';
import { Vault } from './vault.ts';

export interface Seen {
  readonly service: 'glacier' | 's3';
  readonly operation: string;
  readonly region: string;
  readonly place: string | undefined;
  readonly thing: string | undefined;
  readonly range: string | undefined;
  readonly status: number;
  /** The error's code, where there was one. */
  readonly code: string | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Amazon's Glacier vaults and S3 on loopback, as an account would find them. See README.md beside this. */
export class Double {
  readonly clock: VirtualClock;
  readonly faults = new Faults();
  /** Every call in the order they were answered. */
  readonly calls: Seen[] = [];
  readonly credentials: Credential[] = [
    { accessKeyId: 'AKIADOUBLE0000000001', secretAccessKey: randomBytes(30).toString('base64url') },
  ];
  /** Where this account may go; another region answers that it does not know the key. */
  readonly regions: readonly string[];
  readonly waits: Waits = {
    inventory: 4 * hour,
    vault: { Expedited: 3 * minute, Standard: 4 * hour, Bulk: 8 * hour },
    s3: {
      GLACIER: { Expedited: 3 * minute, Standard: 4 * hour, Bulk: 8 * hour },
      DEEP_ARCHIVE: { Expedited: Infinity, Standard: 12 * hour, Bulk: 48 * hour },
    },
  };
  policy: 'None' | 'FreeTier' | 'BytesPerHour' = 'None';
  /** False since 15 December 2025, for who had no vault before. */
  newVaults = true;
  /** How far its wall clock is off the machine's, ms: for signatures. */
  skew = 0;
  prices: Prices = prices2026;
  /** Real ms between what is done and its answer: time for a caller to die in. */
  answerAfter = 0;
  private readonly ledger = new Ledger();
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'latchkey-double-'));
  private readonly blobs = new Blobs(this.folder);
  private readonly vaultsByRegion = new Map<string, Map<string, Vault>>();
  readonly buckets = new Map<string, Bucket>();
  private readonly server: Server;

  constructor(options: { clock?: VirtualClock; regions?: readonly string[] } = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.regions = options.regions ?? ['us-east-1', 'us-west-2', 'eu-central-1', 'eu-west-1'];
    this.server = createServer((request, response) => {
      void this.serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
    this.server.keepAliveTimeout = 60_000;
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What leads an SDK or the AWS CLI here, by its own environment. */
  environment(credential = this.credentials[0] as Credential): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
      ...(credential.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credential.sessionToken }),
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  vault(region: string, name: string): Vault {
    const vaults = this.vaultsOf(region);
    const vault = vaults.get(name) ?? new Vault(region, name, this.clock, this.blobs);
    vaults.set(name, vault);
    return vault;
  }

  bucket(name: string, region = 'us-east-1'): Bucket {
    const bucket = this.buckets.get(name) ?? new Bucket(name, region, this.clock, this.blobs);
    this.buckets.set(name, bucket);
    return bucket;
  }

  bill(): ReturnType<Ledger['bill']> {
    return this.ledger.bill(this.prices);
  }

  /** How often it was asked for this, answered well or not. */
  count(operation: string, place?: string): number {
    return this.calls.filter(
      (call) => call.operation === operation && (place === undefined || call.place === place),
    ).length;
  }

  /** Every socket is cut and the files are gone. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private vaultsOf(region: string): Map<string, Vault> {
    const vaults = this.vaultsByRegion.get(region) ?? new Map<string, Vault>();
    this.vaultsByRegion.set(region, vaults);
    return vaults;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : value,
      ]),
    );
    const service = scopeOf(headers)?.service === 's3' ? 's3' : 'glacier';
    const route = service === 's3' ? bucketRoute(method, url) : vaultRoute(method, url);
    const harm = route === undefined ? undefined : this.faults.take(route.operation);
    let body: Body;
    try {
      const cut = typeof harm === 'object' && 'cutRequestAfter' in harm ? harm.cutRequestAfter : undefined;
      // a client that asks first is told to go on by node itself
      body = await receive(request, this.blobs, cut);
    } catch (error) {
      if (error instanceof CutBody) return void request.socket.destroy();
      throw error;
    }
    const asked = {
      service,
      region: scopeOf(headers)?.region ?? '',
      route,
      method,
      url,
      headers,
      body,
    } as const;
    let answer: Answer;
    let code: string | undefined;
    try {
      answer = await this.answer(asked, refusalOf(harm, service));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      code = error.code;
      answer = service === 's3' ? s3Error(error, method) : glacierError(error);
    }
    const bytesHarm: Harm =
      harm === 'lose-answer' ? { dropAfter: 0 } : typeof harm === 'object' ? (harm as Harm) : {};
    if (harm === 'lose-answer') request.socket.destroy();
    if (this.answerAfter > 0) await new Promise((resolve) => setTimeout(resolve, this.answerAfter));
    const bytesOut =
      harm === 'lose-answer'
        ? 0
        : await write(
            response,
            { ...answer, headers: { ...common(this.skew), ...answer.headers } },
            bytesHarm,
          );
    this.calls.push({
      service,
      operation: route?.operation ?? `${method} ${url}`,
      region: asked.region,
      place: route?.place,
      thing: route?.thing,
      range: headers['range'],
      status: answer.status,
      code,
      bytesIn: body.size,
      bytesOut,
    });
  }

  private async answer(
    asked: {
      readonly service: 'glacier' | 's3';
      readonly route: Route | undefined;
      readonly method: string;
      readonly url: string;
      readonly headers: Record<string, string | undefined>;
      readonly body: Body;
    },
    ordered: Refusal | undefined,
  ): Promise<Answer> {
    const { service, route, method, url, headers, body } = asked;
    const said = headers['x-amz-content-sha256'];
    const unsigned = said?.includes('UNSIGNED-PAYLOAD') ?? false;
    if (said?.startsWith('STREAMING-AWS4') === true)
      throw new Refusal(501, 'NotImplemented', 'Chunks with signatures of their own are not checked here');
    const checked = checkSignature(
      { method, url, headers },
      said ?? body.sha256,
      this.credentials,
      this.regions,
      Date.now() + this.skew,
    );
    if (typeof checked === 'string') throw unsignedRefusal(checked, service);
    if (!unsigned && said !== undefined && said !== body.sha256)
      throw service === 's3'
        ? new Refusal(
            400,
            'XAmzContentSHA256Mismatch',
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
          )
        : new Refusal(
            400,
            'InvalidParameterValueException',
            'The value passed in as x-amz-content-sha256 does not match the computed payload hash.',
          );
    if (service === 'glacier' && headers['x-amz-glacier-version'] !== '2012-06-01')
      throw new Refusal(400, 'MissingParameterValueException', 'Required parameter missing: API version');
    if (route === undefined) throw new Refusal(404, 'UnknownOperationException', `${method} ${url}`);
    const { allow } = checked.credential;
    if (allow !== undefined && !actionsOf(service, route.operation).some((action) => allow.includes(action)))
      throw new Refusal(
        403,
        service === 's3' ? 'AccessDenied' : 'AccessDeniedException',
        `User is not authorized to perform: ${actionsOf(service, route.operation).join(' or ')}`,
      );
    if (ordered !== undefined) throw ordered;
    const call: Call = {
      method,
      region: checked.region,
      headers,
      query: new URLSearchParams(url.split('?')[1] ?? ''),
      place: route.place,
      thing: route.thing,
      body,
      vaults: this.vaultsOf(checked.region),
      newVault: (name) => this.vault(checked.region, name),
    };
    const parts: Parts = {
      clock: this.clock,
      blobs: this.blobs,
      buckets: this.buckets,
      waits: this.waits,
      policy: () => this.policy,
      newVaults: () => this.newVaults,
      ledger: this.ledger,
    };
    return await route.answer(call, parts);
  }
}

/** A running double; `close` it. */
export function startDouble(options: ConstructorParameters<typeof Double>[0] = {}): Promise<Double> {
  return new Double(options).listen();
}

function common(skew: number): Record<string, string> {
  const id = createHash('sha256').update(randomBytes(8)).digest('base64url');
  return {
    date: new Date(Date.now() + skew).toUTCString(),
    'x-amzn-requestid': id,
    'x-amz-request-id': id.slice(0, 16).toUpperCase(),
  };
}
