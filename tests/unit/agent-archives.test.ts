import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, expect, test, vi } from 'vitest';
import { parseAgentFile } from '../../server/agent/config.ts';
import { runAgent, type RunningAgent } from '../../server/agent/main.ts';
import type { SourceType } from '../../server/archives/source.ts';
import { ControlClient } from '../../server/control-client.ts';
import { awsEnvironment } from '../../server/up/aws-environment.ts';
import { day, VirtualClock } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { policyActions } from '../support/archive-policy.ts';
import { scratchFolder } from './scratch.ts';

const file = (archives: string): string => `name = "attic"
${archives}
[[relay]]
url = "https://127.0.0.1:9"
[[observer]]
key = "${Buffer.alloc(32, 1).toString('base64url')}"
`;

let double: Double | undefined;
let running: RunningAgent | undefined;

afterEach(async () => {
  await running?.stop();
  await double?.close();
  [running, double] = [undefined, undefined];
  vi.unstubAllEnvs();
});

test('the home’s file names sources; a wrong type, key or name twice is refused by its name', () => {
  const read = (text: string): unknown => parseAgentFile(file(text), 'agent.toml').archives;
  expect(read('')).toEqual([]);
  expect(
    read('[[archives]]\ntype = "glacier"\n[[archives]]\ntype = "s3"\nname = "cold"\nbuckets = ["b-1"]'),
  ).toEqual([
    { name: 'glacier', type: 'glacier', keys: {} },
    { name: 'cold', type: 's3', keys: { buckets: ['b-1'] } },
  ]);
  for (const [text, named] of [
    ['[[archives]]\ntype = "azure"', '"azure" is not one of glacier, s3'],
    ['[[archives]]\ntype = "glacier"\nregions = ["nowhere"]', 'regions.0'],
    ['[[archives]]\ntype = "s3"\nsecret_access_key = "x"', 'secret_access_key'],
    ['[[archives]]\ntype = "s3"\n[[archives]]\ntype = "s3"', '"s3" stands there twice'],
  ] as const)
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining(named) as string }),
    );
});

test('of the environment, the home agent alone gets AWS’s own variables and a home for ~/.aws', () => {
  const own = {
    AWS_PROFILE: 'p',
    AWS_ENDPOINT_URL: 'u',
    PATH: '/bin',
    SECRET: 's',
    HOME: '/home/me',
    AWSX: 'x',
  };
  expect(awsEnvironment(own, '/agent', false)).toEqual({
    AWS_PROFILE: 'p',
    AWS_ENDPOINT_URL: 'u',
    HOME: '/home/me',
  });
  expect(awsEnvironment(own, '/agent', true)).toMatchObject({ HOME: '/agent' });
});

test('a home agent with a source asks AWS when it is told to, once; without one it says so, and asks nothing', async () => {
  double = await startDouble({ clock: new VirtualClock(Date.now() - 2 * day) });
  double.credentials[0] = { accessKeyId: 'AKIALEAST', secretAccessKey: 'a secret', allow: policyActions() };
  double.vault('us-west-2', 'photos').put('one', { size: 1, treeHash: 'ab'.repeat(32) });
  double.clock.advance(2 * day);
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  const ask = async (folder: string): Promise<unknown> => {
    const control = await ControlClient.connect(join(folder, 'control.sock'));
    return control.ask({ verb: 'inventory' }).finally(() => control.close());
  };
  const lines: string[] = [];
  const [without, folder] = [scratchFolder(), scratchFolder()];
  writeFileSync(join(without, 'agent.toml'), file(''));
  running = await runAgent(without, (line) => lines.push(line));
  await expect(ask(without)).rejects.toMatchObject({ code: 'archives-no-source' });
  await running.stop();
  expect(double.calls).toEqual([]);

  writeFileSync(join(folder, 'agent.toml'), file('[[archives]]\ntype = "glacier"\nregions = ["us-west-2"]'));
  running = await runAgent(folder, (line) => lines.push(line));
  expect(await ask(folder)).toMatchObject({ vaults: 1 });
  expect(await ask(folder)).toMatchObject({ vaults: 1 });
  expect(double.count('InitiateJob')).toBe(1);
  const catalogue = await running.agent.archives.catalogue();
  expect((await catalogue?.jobs())?.map(({ status }) => status)).toEqual(['running']);
  await running.stop();
  await expect(catalogue?.jobs()).rejects.toThrow();
  expect(lines.join('\n')).not.toContain('a secret');
});

test('bundled as the product is, the SDKs load and ask', async () => {
  double = await startDouble();
  for (const [name, value] of Object.entries(double.environment())) vi.stubEnv(name, value);
  double.vault('us-west-2', 'photos');
  double.bucket('cold');
  const outfile = join(scratchFolder(), 'registry.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../../server/archives/registry.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: {
      js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
    },
  });
  const { sourceTypes } = (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as {
    sourceTypes: readonly SourceType[];
  };
  const context = { source: 'test', log: (line: string) => expect(line).toBe('') };
  const names = async (type: string, keys: Record<string, unknown>): Promise<unknown> => {
    const found = sourceTypes.find(({ name }) => name === type);
    const source = found?.create(found.read(keys), context);
    return (await source?.vaults())?.map(({ name }) => name);
  };
  expect(await names('glacier', { regions: ['us-west-2'] })).toEqual(['photos']);
  expect(await names('s3', {})).toEqual(['cold']);
});
