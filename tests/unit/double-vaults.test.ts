import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateVaultCommand,
  DeleteArchiveCommand,
  DeleteVaultCommand,
  DescribeJobCommand,
  DescribeVaultCommand,
  GetJobOutputCommand,
  GlacierClient,
  InitiateJobCommand,
  InitiateMultipartUploadCommand,
  ListJobsCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  ListVaultsCommand,
  UploadArchiveCommand,
  UploadMultipartPartCommand,
} from '@aws-sdk/client-glacier';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { day, hour } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { isTreeHashAligned, treeHashOf } from '../double/tree-hash.ts';

// The double is judged by Amazon's own SDK: it signs, parses and throws as it would before the real service.

const mebibyte = 1024 * 1024;
const accountId = '-';
let double: Double;
let client: GlacierClient;

beforeAll(async () => {
  double = await startDouble();
});
beforeEach(() => {
  double.calls.length = 0;
  client = clientWith();
});
afterAll(() => double.close());

interface ClientOptions {
  readonly region?: string;
  readonly key?: string;
  readonly secret?: string;
  readonly token?: string;
  readonly attempts?: number;
}

function clientWith(options: ClientOptions = {}): GlacierClient {
  const [mine] = double.credentials;
  return new GlacierClient({
    region: options.region ?? 'us-west-2',
    endpoint: double.endpoint,
    maxAttempts: options.attempts ?? 1,
    credentials: {
      accessKeyId: options.key ?? mine?.accessKeyId ?? '',
      secretAccessKey: options.secret ?? mine?.secretAccessKey ?? '',
      ...(options.token === undefined ? {} : { sessionToken: options.token }),
    },
  });
}

/** The error's name and HTTP status, as the SDK tells them. */
async function refusal(promise: Promise<unknown>): Promise<[string, number | undefined]> {
  try {
    await promise;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode];
  }
  throw new Error('it was not refused');
}

/** The answer's JSON as it came: the SDK leaves null out. */
async function rawOf(send: () => Promise<unknown>): Promise<Record<string, unknown>> {
  let text = '';
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { body: AsyncIterable<Buffer> };
      const chunks: Buffer[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      text = Buffer.concat(chunks).toString();
      response.body = Readable.from([Buffer.from(text)]);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'tap' },
  );
  try {
    await send();
  } finally {
    client.middlewareStack.remove('tap');
  }
  return JSON.parse(text) as Record<string, unknown>;
}

async function bytesOf(output: { body?: { transformToByteArray(): Promise<Uint8Array> } }): Promise<Buffer> {
  return Buffer.from((await output.body?.transformToByteArray()) ?? []);
}

let named = 0;
function vaultName(): string {
  return `vault${++named}`;
}

async function startJob(vaultName: string, jobParameters: Record<string, unknown>): Promise<string> {
  return (await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }))).jobId ?? '';
}

describe('signatures', () => {
  test('the wrong secret, an unknown key, a token that nobody gave and no signature at all are refused', async () => {
    const list = new ListVaultsCommand({ accountId });
    expect(await refusal(clientWith({ secret: 'wrong' }).send(list))).toEqual([
      'InvalidSignatureException',
      403,
    ]);
    expect(await refusal(clientWith({ key: 'AKIAWRONG' }).send(list))).toEqual([
      'UnrecognizedClientException',
      400,
    ]);
    expect(await refusal(clientWith({ token: 'made up' }).send(list))).toEqual([
      'ExpiredTokenException',
      403,
    ]);
    expect(await refusal(clientWith({ region: 'ap-south-1' }).send(list))).toEqual([
      'UnrecognizedClientException',
      400,
    ]);
    expect((await fetch(`${double.endpoint}/-/vaults`)).status).toBe(400);
  });

  test('a request signed half an hour off is refused, and the SDK mends its own clock from the answer', async () => {
    double.skew = 31 * 60_000;
    try {
      expect(await refusal(clientWith().send(new ListVaultsCommand({ accountId })))).toEqual([
        'InvalidSignatureException',
        403,
      ]);
    } finally {
      double.skew = 0;
    }
    expect((await client.send(new ListVaultsCommand({ accountId }))).VaultList).toEqual([]);
  });

  test('a body changed on the way is refused, and nothing is stored', async () => {
    const name = vaultName();
    double.vault('us-west-2', name);
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: unknown }).body = Buffer.from('evil');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const upload = client.send(
      new UploadArchiveCommand({ accountId, vaultName: name, body: Buffer.from('good') }),
    );
    expect((await refusal(upload))[0]).toBe('InvalidParameterValueException');
    expect(double.vault('us-west-2', name).archives.size).toBe(0);
  });

  test('a key may do only what its policy allows', async () => {
    double.credentials.push({
      accessKeyId: 'AKIALISTS',
      secretAccessKey: 's',
      allow: ['glacier:ListVaults'],
    });
    const lists = clientWith({ key: 'AKIALISTS', secret: 's' });
    const name = vaultName();
    double.vault('us-west-2', name);
    expect((await lists.send(new ListVaultsCommand({ accountId }))).$metadata.httpStatusCode).toBe(200);
    expect(await refusal(lists.send(new DescribeVaultCommand({ accountId, vaultName: name })))).toEqual([
      'AccessDeniedException',
      403,
    ]);
  });
});

describe('vaults', () => {
  test('ten a page, by marker, in their region alone', async () => {
    for (let n = 10; n < 33; n++) double.vault('eu-west-1', `many${n}`);
    const many = clientWith({ region: 'eu-west-1' });
    const first = await many.send(new ListVaultsCommand({ accountId }));
    expect(first.VaultList).toHaveLength(10);
    const second = await many.send(new ListVaultsCommand({ accountId, marker: first.Marker }));
    const third = await many.send(new ListVaultsCommand({ accountId, marker: second.Marker }));
    expect(third.VaultList?.map(({ VaultName }) => VaultName)).toEqual(['many30', 'many31', 'many32']);
    expect(third.Marker).toBeUndefined();
    expect(await refusal(many.send(new ListVaultsCommand({ accountId, limit: 11 })))).toEqual([
      'InvalidParameterValueException',
      400,
    ]);
    const elsewhere = await clientWith({ region: 'eu-central-1' }).send(new ListVaultsCommand({ accountId }));
    expect(elsewhere.VaultList).toEqual([]);
  });

  test('what no inventory has counted yet is null, and a vault is deleted only once an inventory found it empty', async () => {
    const name = vaultName();
    await client.send(new CreateVaultCommand({ accountId, vaultName: name }));
    const { archiveId } = await client.send(
      new UploadArchiveCommand({
        accountId,
        vaultName: name,
        body: Buffer.from('x'),
        archiveDescription: 'one',
      }),
    );
    const before = await rawOf(() => client.send(new DescribeVaultCommand({ accountId, vaultName: name })));
    expect(before).toMatchObject({ LastInventoryDate: null, NumberOfArchives: null, SizeInBytes: null });
    expect(
      (
        await refusal(
          client.send(
            new InitiateJobCommand({
              accountId,
              vaultName: name,
              jobParameters: { Type: 'inventory-retrieval' },
            }),
          ),
        )
      )[0],
    ).toBe('ResourceNotFoundException');
    double.clock.advance(day);
    const after = await client.send(new DescribeVaultCommand({ accountId, vaultName: name }));
    expect(after).toMatchObject({ NumberOfArchives: 1, SizeInBytes: 1 + 32 * 1024 });
    await client.send(new DeleteArchiveCommand({ accountId, vaultName: name, archiveId }));
    await client.send(new DeleteArchiveCommand({ accountId, vaultName: name, archiveId }));
    // deleted, and yet still counted
    expect(
      (await client.send(new DescribeVaultCommand({ accountId, vaultName: name }))).NumberOfArchives,
    ).toBe(1);
    expect((await refusal(client.send(new DeleteVaultCommand({ accountId, vaultName: name }))))[0]).toBe(
      'InvalidParameterValueException',
    );
    double.clock.advance(day);
    await client.send(new DeleteVaultCommand({ accountId, vaultName: name }));
    expect(await refusal(client.send(new DescribeVaultCommand({ accountId, vaultName: name })))).toEqual([
      'ResourceNotFoundException',
      404,
    ]);
  });

  test('a new customer gets no vault', async () => {
    double.newVaults = false;
    expect(await refusal(client.send(new CreateVaultCommand({ accountId, vaultName: 'late' })))).toEqual([
      'NoLongerSupportedException',
      400,
    ]);
    double.newVaults = true;
  });
});

describe('inventories', () => {
  const awkward = [
    'plain',
    'a,b',
    'say "hi"',
    'back\\slash',
    'my archive description,1\\"2',
    '',
    ' "',
    '=1+1',
  ];

  function filled(): string {
    const name = vaultName();
    const vault = double.vault('us-west-2', name);
    for (const text of awkward) vault.put(text, { size: 40 * 2 ** 40, treeHash: 'ab'.repeat(32) });
    double.clock.advance(day);
    return name;
  }

  test('JSON: early, whole, by ranges, and over after a day', async () => {
    const name = filled();
    const date = (await client.send(new DescribeVaultCommand({ accountId, vaultName: name })))
      .LastInventoryDate;
    const jobId = await startJob(name, { Type: 'inventory-retrieval', Description: 'mine' });
    const job = { accountId, vaultName: name, jobId };
    expect(await rawOf(() => client.send(new DescribeJobCommand(job)))).toMatchObject({
      Action: 'InventoryRetrieval',
      ArchiveId: null,
      Completed: false,
      CompletionDate: null,
      InventorySizeInBytes: null,
      JobDescription: 'mine',
      StatusCode: 'InProgress',
      Tier: null,
    });
    expect((await refusal(client.send(new GetJobOutputCommand(job))))[0]).toBe(
      'InvalidParameterValueException',
    );
    double.clock.advance(4 * hour);
    const done = await rawOf(() => client.send(new DescribeJobCommand(job)));
    expect(done).toMatchObject({
      Completed: true,
      StatusCode: 'Succeeded',
      InventoryRetrievalParameters: {
        Format: 'JSON',
        Limit: null,
        Marker: null,
        StartDate: null,
        EndDate: null,
      },
    });
    const output = await client.send(new GetJobOutputCommand(job));
    expect(output).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(output.checksum).toBeUndefined();
    const whole = await bytesOf(output);
    expect(whole.length).toBe(done['InventorySizeInBytes']);
    const inventory = JSON.parse(whole.toString()) as {
      VaultARN: string;
      InventoryDate: string;
      ArchiveList: { ArchiveDescription: string; Size: number }[];
    };
    expect(inventory.ArchiveList.map(({ ArchiveDescription }) => ArchiveDescription)).toEqual(awkward);
    expect(Date.parse(inventory.InventoryDate)).toBe(
      Date.parse(date ?? '') - (Date.parse(date ?? '') % 1000),
    );

    const part = await client.send(new GetJobOutputCommand({ ...job, range: 'bytes=10-29' }));
    expect(part).toMatchObject({ status: 206, contentRange: `bytes 10-29/${whole.length}` });
    expect(await bytesOf(part)).toEqual(whole.subarray(10, 30));
    expect((await refusal(client.send(new GetJobOutputCommand({ ...job, range: 'bytes=99999-' }))))[0]).toBe(
      'InvalidParameterValueException',
    );
    double.clock.advance(day);
    expect(await refusal(client.send(new GetJobOutputCommand(job)))).toEqual([
      'ResourceNotFoundException',
      404,
    ]);
    expect(await refusal(client.send(new DescribeJobCommand(job)))).toEqual([
      'ResourceNotFoundException',
      404,
    ]);
    expect((await client.send(new ListJobsCommand({ accountId, vaultName: name }))).JobList).toEqual([]);
  });

  test('CSV as Amazon writes it: a quote as \\", a backslash as it is', async () => {
    const name = filled();
    const jobId = await startJob(name, { Type: 'inventory-retrieval', Format: 'CSV' });
    double.clock.advance(4 * hour);
    const output = await client.send(new GetJobOutputCommand({ accountId, vaultName: name, jobId }));
    expect(output.contentType).toBe('text/csv');
    const lines = (await bytesOf(output)).toString().trimEnd().split('\n');
    expect(lines[0]).toBe('ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash');
    // the example of Amazon's guide
    expect(lines[5]).toContain(String.raw`,"my archive description,1\\"2",`);
    expect(lines[4]).toContain(String.raw`,back\slash,`);
    expect(lines[3]).toContain(String.raw`,"say \"hi\"",`);
  });

  test('a page at a time: the marker comes from DescribeJob, and each page is a job of its own', async () => {
    const name = filled();
    const found: string[] = [];
    let marker: string | null | undefined;
    do {
      const parameters: Record<string, unknown> = {
        Limit: '3',
        ...(typeof marker === 'string' ? { Marker: marker } : {}),
      };
      const jobId = await startJob(name, {
        Type: 'inventory-retrieval',
        InventoryRetrievalParameters: parameters,
      });
      double.clock.advance(4 * hour);
      const text = (
        await bytesOf(await client.send(new GetJobOutputCommand({ accountId, vaultName: name, jobId })))
      ).toString();
      const { ArchiveList } = JSON.parse(text) as { ArchiveList: { ArchiveDescription: string }[] };
      found.push(...ArchiveList.map(({ ArchiveDescription }) => ArchiveDescription));
      const job = await client.send(new DescribeJobCommand({ accountId, vaultName: name, jobId }));
      marker = job.InventoryRetrievalParameters?.Marker;
    } while (typeof marker === 'string');
    expect(found).toEqual(awkward);
    expect(double.count('InitiateJob', name)).toBe(3);
  });

  test('it is as old as its last change, and moves only when something did', async () => {
    const name = filled();
    const date = async (): Promise<string | undefined> =>
      (await client.send(new DescribeVaultCommand({ accountId, vaultName: name }))).LastInventoryDate;
    const first = await date();
    double.clock.advance(5 * day);
    expect(await date()).toBe(first);
    double.vault('us-west-2', name).put('new', Buffer.from('n'));
    expect(await date()).toBe(first);
    double.clock.advance(day);
    expect(Date.parse((await date()) ?? '')).toBeGreaterThan(Date.parse(first ?? '') + 4 * day);
  });

  test('jobs: fifty a page, by state', async () => {
    const name = filled();
    for (let n = 0; n < 52; n++) await startJob(name, { Type: 'inventory-retrieval' });
    const first = await client.send(new ListJobsCommand({ accountId, vaultName: name }));
    expect(first.JobList).toHaveLength(50);
    const rest = await client.send(new ListJobsCommand({ accountId, vaultName: name, marker: first.Marker }));
    expect([rest.JobList?.length, rest.Marker]).toEqual([2, undefined]);
    const done = await client.send(new ListJobsCommand({ accountId, vaultName: name, completed: 'true' }));
    expect(done.JobList).toEqual([]);
    expect(
      await refusal(client.send(new ListJobsCommand({ accountId, vaultName: name, statuscode: 'finished' }))),
    ).toEqual(['InvalidParameterValueException', 400]);
  });
});

describe('archives', () => {
  test('one upload and its retrieval by tier and range; the tree hash only where the range is a branch', async () => {
    const name = vaultName();
    double.vault('us-west-2', name);
    const bytes = randomBytes(5 * mebibyte + 17);
    const up = await client.send(
      new UploadArchiveCommand({
        accountId,
        vaultName: name,
        body: bytes,
        archiveDescription: 'stage.tar.xz.aa',
      }),
    );
    expect(up.checksum).toBe(treeHashOf(bytes));
    expect(up.archiveId).toMatch(/^[\w-]{138}$/);
    const archive = { Type: 'archive-retrieval', ArchiveId: up.archiveId };
    const jobId = await startJob(name, { ...archive, Tier: 'Expedited' });
    const job = { accountId, vaultName: name, jobId };
    expect(await rawOf(() => client.send(new DescribeJobCommand(job)))).toMatchObject({
      SHA256TreeHash: null,
    });
    double.clock.advance(3 * 60_000);
    expect(await client.send(new DescribeJobCommand(job))).toMatchObject({
      StatusCode: 'Succeeded',
      SHA256TreeHash: up.checksum,
      RetrievalByteRange: `0-${bytes.length - 1}`,
      Tier: 'Expedited',
    });
    const whole = await client.send(new GetJobOutputCommand(job));
    expect(whole.checksum).toBe(up.checksum);
    expect((await bytesOf(whole)).equals(bytes)).toBe(true);
    const branch = await client.send(new GetJobOutputCommand({ ...job, range: `bytes=${4 * mebibyte}-` }));
    expect(branch.checksum).toBe(treeHashOf(bytes.subarray(4 * mebibyte)));
    const crooked = await client.send(
      new GetJobOutputCommand({ ...job, range: `bytes=${mebibyte}-${3 * mebibyte - 1}` }),
    );
    expect(crooked.checksum).toBeUndefined();
    expect((await bytesOf(crooked)).equals(bytes.subarray(mebibyte, 3 * mebibyte))).toBe(true);
    const odd = startJob(name, { ...archive, RetrievalByteRange: '1-1048576' });
    expect(await refusal(odd)).toEqual(['InvalidParameterValueException', 400]);
  });

  test.each([
    [0, 8, 8, true],
    [2, 4, 8, true],
    [1, 3, 8, false],
    [4, 7, 7, true],
    [0, 3, 8, false],
    [4, 6, 7, true],
    [5, 7, 7, false],
    [6, 7, 7, true],
  ])('MiB %i up to %i of %i is a branch: %s', (from, to, of, is) => {
    expect(isTreeHashAligned(from * mebibyte, to * mebibyte - 1, of * mebibyte)).toBe(is);
  });

  test('in parts, in any order; what does not fit is refused and makes no archive', async () => {
    const name = vaultName();
    const vault = double.vault('us-west-2', name);
    const bytes = randomBytes(2 * mebibyte + 5);
    const begin = (): Promise<{ uploadId?: string | undefined }> =>
      client.send(
        new InitiateMultipartUploadCommand({
          accountId,
          vaultName: name,
          partSize: String(mebibyte),
          archiveDescription: 'parts',
        }),
      );
    const { uploadId } = await begin();
    const sendPart = (at: number, checksum?: string): Promise<unknown> => {
      const body = bytes.subarray(at, at + mebibyte);
      return client.send(
        new UploadMultipartPartCommand({
          accountId,
          vaultName: name,
          uploadId,
          body,
          range: `bytes ${at}-${at + body.length - 1}/*`,
          checksum,
        }),
      );
    };
    await sendPart(2 * mebibyte);
    await sendPart(0);
    expect((await refusal(sendPart(mebibyte, '00'.repeat(32))))[0]).toBe('InvalidParameterValueException');
    const complete = (checksum: string): Promise<{ archiveId?: string | undefined }> =>
      client.send(
        new CompleteMultipartUploadCommand({
          accountId,
          vaultName: name,
          uploadId,
          archiveSize: String(bytes.length),
          checksum,
        }),
      );
    expect((await refusal(complete(treeHashOf(bytes))))[0]).toBe('InvalidParameterValueException');
    await sendPart(mebibyte);
    const parts = await client.send(new ListPartsCommand({ accountId, vaultName: name, uploadId }));
    expect(parts.Parts?.map(({ RangeInBytes }) => RangeInBytes)).toEqual([
      '0-1048575',
      '1048576-2097151',
      '2097152-2097156',
    ]);
    expect((await refusal(complete(treeHashOf(bytes.subarray(1)))))[0]).toBe(
      'InvalidParameterValueException',
    );
    expect(vault.archives.size).toBe(0);
    const { archiveId } = await complete(treeHashOf(bytes));
    expect(vault.archives.get(archiveId ?? '')).toMatchObject({ size: bytes.length, description: 'parts' });
    const second = await begin();
    const open = await client.send(new ListMultipartUploadsCommand({ accountId, vaultName: name }));
    expect(open.UploadsList?.map((one) => one.MultipartUploadId)).toEqual([second.uploadId]);
    await client.send(
      new AbortMultipartUploadCommand({ accountId, vaultName: name, uploadId: second.uploadId }),
    );
    expect(vault.uploads.size).toBe(0);
  });

  test('a deleted archive is taken and fails; what is not there, a policy and a lack of capacity refuse', async () => {
    const name = vaultName();
    const vault = double.vault('us-west-2', name);
    const { id } = vault.put('gone', Buffer.from('gone'));
    await client.send(new DeleteArchiveCommand({ accountId, vaultName: name, archiveId: id }));
    const jobId = await startJob(name, { Type: 'archive-retrieval', ArchiveId: id });
    double.clock.advance(5 * hour);
    const job = await client.send(new DescribeJobCommand({ accountId, vaultName: name, jobId }));
    expect(job).toMatchObject({ Completed: true, StatusCode: 'Failed' });
    expect(
      (await refusal(client.send(new GetJobOutputCommand({ accountId, vaultName: name, jobId }))))[0],
    ).toBe('ResourceNotFoundException');
    const there = vault.put('here', Buffer.from('here'));
    const ask = (tier: string, archiveId = there.id): Promise<string> =>
      startJob(name, { Type: 'archive-retrieval', ArchiveId: archiveId, Tier: tier });
    expect((await refusal(ask('Bulk', 'x'.repeat(138))))[0]).toBe('ResourceNotFoundException');
    double.faults.order({ operation: 'InitiateJob', harm: 'no-capacity' });
    expect(await refusal(ask('Expedited'))).toEqual(['InsufficientCapacityException', 503]);
    double.policy = 'FreeTier';
    expect(await refusal(ask('Bulk'))).toEqual(['PolicyEnforcedException', 400]);
    double.policy = 'None';
    expect(vault.jobs).toHaveLength(1);
  });
});

describe('faults on order', () => {
  test('throttling is an HTTP 400, and the SDK tries again by its code', async () => {
    double.faults.order({ operation: 'ListVaults', harm: 'throttle', times: 2 });
    expect(await refusal(client.send(new ListVaultsCommand({ accountId })))).toEqual([
      'ThrottlingException',
      400,
    ]);
    const patient = clientWith({ attempts: 3 });
    expect((await patient.send(new ListVaultsCommand({ accountId }))).$metadata.attempts).toBe(2);
    expect(double.count('ListVaults')).toBe(3);
  });

  test('an answer that is lost was done all the same; a body cut, shortened or changed shows', async () => {
    const name = vaultName();
    const vault = double.vault('us-west-2', name);
    const { id } = vault.put('x', randomBytes(3 * mebibyte));
    double.faults.order({ operation: 'InitiateJob', harm: 'lose-answer' });
    const lost = await refusal(startJob(name, { Type: 'archive-retrieval', ArchiveId: id, Tier: 'Bulk' }));
    expect(lost[1]).toBeUndefined();
    expect(vault.jobs).toHaveLength(1);
    double.clock.advance(8 * hour);
    const job = { accountId, vaultName: name, jobId: vault.jobs[0]?.id ?? '' };
    const get = (): Promise<Buffer> => client.send(new GetJobOutputCommand(job)).then(bytesOf);
    double.faults.order({ operation: 'GetJobOutput', harm: { dropAfter: mebibyte } });
    await expect(get()).rejects.toThrow();
    double.faults.order({ operation: 'GetJobOutput', harm: { truncateTo: 1000 } });
    expect(await get()).toHaveLength(1000);
    const sound = await get();
    double.faults.order({ operation: 'GetJobOutput', harm: { flipAt: 2 * mebibyte } });
    const flipped = await get();
    expect([...flipped].filter((byte, at) => byte !== sound[at])).toHaveLength(1);
    double.faults.order({ operation: 'UploadArchive', harm: { cutRequestAfter: 1000 } });
    const up = client.send(
      new UploadArchiveCommand({ accountId, vaultName: name, body: randomBytes(2 * mebibyte) }),
    );
    expect((await refusal(up))[1]).toBeUndefined();
    double.faults.order({ operation: 'UploadArchive', harm: 'timeout' });
    expect(
      await refusal(
        client.send(new UploadArchiveCommand({ accountId, vaultName: name, body: Buffer.from('x') })),
      ),
    ).toEqual(['RequestTimeoutException', 408]);
    expect(vault.archives.size).toBe(1);
  });
});
