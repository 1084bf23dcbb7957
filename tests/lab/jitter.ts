import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { run, type Space } from './space.ts';

const script = fileURLToPath(new URL('jitter.pl', import.meta.url));

/** Every packet between two hosts, by IPv4, waits up to `mostMs` each way; their addresses stay. Until destroy(). */
export async function addJitter(near: Space, far: Space, mostMs: number): Promise<void> {
  const child = near.spawn('perl', [script, 'jitter0', 'jitter1', String(mostMs)]);
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'close').then(() => Promise.reject(new Error(`no jitter: ${complaint}`))),
  ]);
  // The interface goes where the packets come out; the process keeps its end of it.
  await run('ip', ['-n', near.name, 'link', 'set', 'jitter1', 'netns', far.name]);
  const ends = [
    [near, 'jitter0', far.address4, near.address4],
    [far, 'jitter1', near.address4, far.address4],
  ] as const;
  for (const [space, device, to, from] of ends) {
    await run('ip', ['-n', space.name, 'link', 'set', device, 'up']);
    await run('ip', ['-n', space.name, 'route', 'replace', `${to}/32`, 'dev', device, 'src', from]);
  }
}
