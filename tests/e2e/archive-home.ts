import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentFile } from '../../server/agent/config.ts';
import { loadPages } from '../../server/relay/pages.ts';
import { hour, minute } from '../double/clock.ts';
import { startDouble, type Double } from '../double/double.ts';
import { startHouse, type House } from '../support/house.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A home whose archives lie in the double, on loopback: the real relay with the pages, the real home agent. */
export interface ArchiveHome {
  readonly house: House;
  readonly double: Double;
  /** A link that pairs without a question at home. */
  link(): Promise<string>;
  /** The lists of all vaults, asked for and come. */
  know(): Promise<void>;
  /** Hours pass at once, and what is due is done. */
  pass(ms: number): Promise<void>;
  /** Where archives come back to. */
  readonly folder: string;
  stop(): Promise<void>;
}

export async function startArchiveHome(
  put: (double: Double) => void,
  file: Partial<AgentFile> = {},
): Promise<ArchiveHome> {
  const built = spawnSync(process.execPath, [path.join(root, 'server/build/build.js')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`);
  const double = await startDouble();
  const environment = double.environment();
  Object.assign(process.env, environment);
  put(double);
  // a vault's first list is there within a day
  double.clock.advance(24 * hour);
  const house = await startHouse({
    file: { archives: [{ name: 'glacier', type: 'glacier', keys: { regions: ['us-west-2'] } }], ...file },
    // what is waited for in hours goes by the double's clock
    options: { clock: { now: () => performance.now(), wall: () => double.clock.now() } },
    relay: { pages: loadPages(path.join(root, 'out')) },
  });
  return {
    house,
    double,
    async link() {
      const { links } = await house.agent.pairing.make(false, 5);
      return links[0] ?? '';
    },
    async know() {
      const { archives } = house.agent;
      await archives.asking.askAtHome(undefined);
      double.clock.advance(4 * hour + minute);
      await archives.watch?.tick();
    },
    async pass(ms) {
      double.clock.advance(ms);
      await (await house.agent.archives.restoring.restores())?.drain();
    },
    folder: path.join(house.directory, 'restored'),
    async stop() {
      await house.stop();
      await double.close();
      for (const name of Object.keys(environment)) delete process.env[name];
    },
  };
}
