import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, LaunchOptions } from 'playwright';
import type { Lab } from '../lab/net.ts';
import { run, type Space } from '../lab/space.ts';
import { until } from '../support/until.ts';
import { launch } from './browser.ts';

let browsers = 0;

/** How Chromium runs on a host of the lab, with a HOME of its own that trusts one authority, as a person does on a phone. */
export async function browserAt(
  lab: Lab,
  space: Space,
  authority: string,
): Promise<{ readonly home: string; readonly options: LaunchOptions }> {
  const home = join(lab.directory, `browser-${browsers++}`);
  const database = join(home, '.pki', 'nssdb');
  await mkdir(database, { recursive: true });
  await run('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']);
  await run('certutil', ['-A', '-d', `sql:${database}`, '-n', 'home', '-t', 'C,,', '-i', authority]);
  // An address that becomes valid under a loading page is a changed network to it (ERR_NETWORK_CHANGED).
  await until(async () => (await space.run('ip', ['-6', 'addr', 'show', 'tentative'])).stdout === '');
  const wrapper = join(home, 'chromium');
  const [file, args] = space.inside(process.env['CHROMIUM'] ?? '/usr/bin/chromium');
  await writeFile(wrapper, `#!/bin/sh\nexec ${[file, ...args].join(' ')} "$@"\n`);
  await chmod(wrapper, 0o755);
  const env = { ...process.env, HOME: home } as Record<string, string>;
  return { home, options: { executablePath: wrapper, env } };
}

/** No flag ignores a certificate, so service workers register. */
export async function launchAt(lab: Lab, space: Space, authority: string): Promise<Browser> {
  return launch((await browserAt(lab, space, authority)).options);
}
