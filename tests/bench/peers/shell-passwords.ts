import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The line that people keep in their notes: four candidates, and those without a special character fall away. */
const line = `cat /dev/random | tr -dc 'a-zA-Z0-9-_!@#$%^&*()_+{}|:<>?=' | fold -w $PASSLEN | head -n 4 | grep -i '[!@#$%^&*()_+{}|:<>?=]'`;

/** Passwords a second of the shell line, run so often, one after another. It asks for one class, not for four. */
export async function shellPasswords(length: number, runs: number): Promise<number> {
  let passwords = 0;
  const began = performance.now();
  for (let run = 0; run < runs; run++) {
    const child = spawn('sh', ['-c', line], {
      env: { ...process.env, LC_ALL: 'C', PASSLEN: String(length) },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    await once(child, 'close');
    passwords += out.split('\n').filter((each) => each.length === length).length;
  }
  const seconds = (performance.now() - began) / 1000;
  if (passwords === 0) throw new Error('the shell line printed nothing');
  return passwords / seconds;
}
