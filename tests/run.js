// Every check, one after another: `npm test`, `npm run check` (--check), `npm run long` (--long).
// Plain JavaScript without any dependency: it installs them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { install, root, run } from '../server/build/install.js';

const long = process.argv.includes('--long');
const quick = process.argv.includes('--check');
const onCi = process.env.CI === 'true';
const results = path.join(root, '.cache/tests');
const isRoot = process.getuid?.() === 0;

// None of these starts a service on Debian. Daemons that the lab runs are never installed: tests/lab/unpack.ts.
const packages = [
  'nftables',
  'iptables',
  'iproute2',
  'libpcap0.8',
  'openssh-client',
  'openssl',
  'libnss3-tools',
  'chromium',
  'procps',
  'python3',
  // what archives are made with
  'xz-utils',
  'zstd',
  'gpg',
  'gpg-agent',
  'age',
];
let passed = 0;
const failures = [];
const skips = [];

function say(line) {
  process.stdout.write(`${line}\n`);
}

function fail(what) {
  failures.push(what);
}

/** Something that this machine cannot do: said aloud, and a failure on CI, where nothing needed may be skipped. */
function skip(what, reason) {
  say(`SKIPPED ${what}: ${reason}`);
  if (onCi) fail(`${what}: skipped on CI (${reason})`);
  else skips.push(`${what}: ${reason}`);
}

async function stage(name, work) {
  say(`\n== ${name}`);
  const start = performance.now();
  await work();
  say(`== ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

async function check(name, program, args) {
  await stage(name, async () => {
    if ((await run(path.join(root, 'node_modules/.bin', program), args)) === 0) passed += 1;
    else fail(name);
  });
}

/** Runs one vitest project and counts its tests. A crash outside any test counts as one failure. */
async function suite(project) {
  await stage(`tests: ${project}`, async () => {
    const report = path.join(results, `${project}.json`);
    rmSync(report, { force: true });
    const code = await run(
      path.join(root, 'node_modules/.bin/vitest'),
      ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      { env: { ...process.env, ...(long ? { LATCHKEY_LONG: '1' } : {}) } },
    );
    let failed = 0;
    for (const file of existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : []) {
      const name = path.relative(root, file.name);
      for (const test of file.assertionResults) {
        if (test.status === 'passed') passed += 1;
        else if (test.status === 'failed') failed += 1;
        else skips.push(`${name} > ${test.fullName}`);
        if (test.status === 'failed') fail(`${name} > ${test.fullName}\n${firstLines(test.failureMessages)}`);
      }
      if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) {
        failed += 1;
        fail(`${name}\n${firstLines([file.message])}`);
      }
    }
    if (code !== 0 && failed === 0) fail(`tests: ${project} ended with ${code}`);
  });
}

function firstLines(messages) {
  return messages
    .flatMap((message) => message.split('\n').slice(0, 6))
    .map((line) => `    ${line}`)
    .join('\n');
}

function hasTests(folder) {
  const whole = path.join(root, 'tests', folder);
  return (
    existsSync(whole) && readdirSync(whole, { recursive: true }).some((file) => /\.test\.tsx?$/.test(file))
  );
}

function asRoot(program, args) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [name, list] = isRoot ? [program, args] : ['sudo', ['-n', '-E', program, ...args]];
  return spawnSync(name, list, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

function isInstalled(name) {
  const query = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout === 'installed';
}

function installPackages() {
  if (spawnSync('dpkg-query', ['--version']).status !== 0) {
    return skip('Debian packages', 'no dpkg here; the lab needs nftables, iproute2, chromium and openssh');
  }
  // The lab fetches its daemons with apt-get download, which needs the lists too.
  const lists = '/var/lib/apt/lists';
  if (!existsSync(lists) || !readdirSync(lists).some((name) => name.includes('_Packages')))
    asRoot('apt-get', ['update', '-q']);
  const wanted = packages.filter((name) => !isInstalled(name));
  const arguments_ = ['install', '-y', '-q', '--no-install-recommends', ...wanted];
  if (wanted.length > 0) {
    say(`installing ${wanted.join(' ')}`);
    if (
      !asRoot('apt-get', arguments_) &&
      !(asRoot('apt-get', ['update', '-q']) && asRoot('apt-get', arguments_))
    )
      skip('Debian packages', `apt-get could not install ${wanted.join(' ')}`);
  }
}

function labProblem() {
  if (!isRoot) return 'it needs root, for network namespaces';
  const probe = spawnSync('unshare', ['-n', 'true'], { encoding: 'utf8' });
  return probe.status === 0 ? undefined : `no network namespaces here: ${String(probe.stderr).trim()}`;
}

async function main() {
  const start = performance.now();
  mkdirSync(results, { recursive: true });
  if (!(await install(say))) {
    say('\n0 passed, 1 failed');
    return 1;
  }
  if (!quick) await stage('what the tests need', async () => installPackages());
  // each takes one core
  await Promise.all([
    check('types', 'tsc', ['--noEmit']),
    check('lint', 'eslint', ['.']),
    check('format', 'prettier', ['--check', '--log-level=warn', '.']),
  ]);
  await suite('unit');
  if (!quick && hasTests('lab')) {
    const problem = labProblem();
    if (problem === undefined) await suite('lab');
    else skip('tests: lab', problem);
  }
  if (!quick && hasTests('e2e')) {
    await stage('web pages', async () => {
      if ((await run(process.execPath, [path.join(root, 'server/build/build.js')])) !== 0) fail('web pages');
    });
    await suite('e2e');
  }
  if (failures.length > 0) say(`\nFailed:\n${failures.map((failure) => `- ${failure}`).join('\n')}`);
  if (skips.length > 0) say(`\nSkipped:\n${skips.map((each) => `- ${each}`).join('\n')}`);
  say(`\n${((performance.now() - start) / 1000).toFixed(0)} s in all`);
  say(`${passed} passed, ${failures.length} failed`);
  return failures.length > 0 ? 1 : 0;
}

process.exitCode = await main();
