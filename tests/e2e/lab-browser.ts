import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import type { Lab } from '../lab/net.ts';
import { run, type Space } from '../lab/space.ts';
import { launch } from './browser.ts';

let browsers = 0;

/**
 * Chromium on a host of the lab, with a HOME of its own that trusts one authority, as a person does on a phone:
 * no flag ignores a certificate, so service workers register.
 */
export async function launchAt(lab: Lab, space: Space, authority: string): Promise<Browser> {
  const home = join(lab.directory, `browser-${browsers++}`);
  const database = join(home, '.pki', 'nssdb');
  await mkdir(database, { recursive: true });
  await run('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']);
  await run('certutil', ['-A', '-d', `sql:${database}`, '-n', 'home', '-t', 'C,,', '-i', authority]);
  const wrapper = join(home, 'chromium');
  const [file, args] = space.inside(process.env['CHROMIUM'] ?? '/usr/bin/chromium');
  await writeFile(wrapper, `#!/bin/sh\nexec ${[file, ...args].join(' ')} "$@"\n`);
  await chmod(wrapper, 0o755);
  return launch({ executablePath: wrapper, env: { ...process.env, HOME: home } as Record<string, string> });
}
