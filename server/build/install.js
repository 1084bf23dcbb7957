// Plain JavaScript without any dependency: it runs before the first install.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

function readJson(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
  } catch {
    return undefined;
  }
}

// Native modules are built for one ABI (process.versions.modules): another Node needs them anew.
const stamp = path.join(root, 'node_modules/.latchkey-abi');

/**
 * Why `npm ci` has to run; undefined where node_modules holds what the lock says. Versions are compared, not
 * times: a copied or checked-out tree has any times.
 */
export function missing() {
  const lock = readJson('package-lock.json');
  const installed = readJson('node_modules/.package-lock.json');
  if (lock === undefined) return undefined;
  if (installed === undefined) return 'nothing is installed yet';
  for (const [name, entry] of Object.entries(lock.packages)) {
    if (name === '' || entry.optional === true || entry.devOptional === true) continue;
    if (installed.packages[name]?.version !== entry.version) return `${name} is not what the lock says`;
  }
  const abi = existsSync(stamp) ? readFileSync(stamp, 'utf8') : process.versions.modules;
  return abi === process.versions.modules ? undefined : 'Node has changed since the last install';
}

/** Runs a program with this terminal; resolves with its exit code, 128 where a signal ended it. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 128));
  });
}

/** For npm: with Node's own headers named, native modules build without fetching them from the network. */
export function npmEnvironment() {
  const prefix = path.resolve(process.execPath, '../..');
  return existsSync(path.join(prefix, 'include/node/node.h'))
    ? { ...process.env, npm_config_nodedir: prefix }
    : process.env;
}

/** Installs what is missing. True when node_modules is right afterwards; npm has said why where it is not. */
export async function install(say) {
  const reason = missing();
  if (reason !== undefined) {
    say(`installing packages: ${reason} (about a minute)`);
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    if ((await run('npm', args, { env: npmEnvironment() })) !== 0) return false;
  }
  if (reason !== undefined || !existsSync(stamp)) writeFileSync(stamp, process.versions.modules);
  return true;
}
