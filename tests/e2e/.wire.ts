import net from 'node:net';
import { launch } from './browser.ts';
let down = 0;
let up = 0;
const proxy = net
  .createServer((a) => {
    const s = net.connect(Number(process.env.TO ?? 8644), '127.0.0.1');
    a.on('data', (d) => {
      up += d.length;
      s.write(d);
    });
    s.on('data', (d) => {
      down += d.length;
      a.write(d);
    });
    a.on('close', () => s.destroy());
    s.on('close', () => a.destroy());
    a.on('error', () => {});
    s.on('error', () => {});
  })
  .listen(9644, '127.0.0.1');
const b = await launch({ args: ['--host-resolver-rules=MAP localhost 127.0.0.1:9644'] });
const c = await b.newContext({ viewport: { width: 390, height: 844 } });
const p = await c.newPage();
await p.goto('http://localhost:8644/');
await p.waitForTimeout(800);
console.log('after load', down, up);
await p.waitForTimeout(6000);
console.log(
  'after sw',
  down,
  up,
  await p.evaluate(async () => {
    const k = await caches.keys();
    const o: Record<string, number> = {};
    for (const n of k) o[n] = (await (await caches.open(n)).keys()).length;
    return o;
  }),
);
await b.close();
proxy.close();
