import { readFileSync } from 'node:fs';
import { codeOf } from '../../../lib/errors.ts';
import { run } from '../../run.ts';
import { known, unknown, type Fact, type Firewall } from '../facts.ts';
import { iptablesChains, readSavedTables, type SavedTables } from '../firewall/iptables-save.ts';
import { readNft } from '../firewall/nft-rules.ts';

/** A set of a hundred thousand banned addresses is some 10 MB of JSON. */
const mostBytes = 32 * 1024 * 1024;
const limits = { timeoutMs: 10_000, maxOutput: mostBytes };

/** Every rule of this network namespace, in the words of all tools that make them. Reads only. */
export async function gatherFirewall(): Promise<Fact<Firewall>> {
  if (process.geteuid?.() !== 0) return unknown('tool-needs-root');
  try {
    const [nftText, four, six] = await Promise.all([
      run('nft', ['-j', 'list', 'ruleset'], limits).then(({ stdout }) => stdout),
      savedBy('iptables'),
      savedBy('ip6tables'),
    ]);
    const all = [...four.tables, ...six.tables];
    const nft = readNft(nftText, (table) => all.some((one) => one.inNft === table));
    if (nft === undefined) return unknown('tool-failed');
    const chains = [
      ...nft.chains,
      ...four.texts.flatMap((text) => iptablesChains(text, 4)),
      ...six.texts.flatMap((text) => iptablesChains(text, 6)),
    ];
    const none: SavedTables = new Map();
    return known({ nft, chains, iptables: { 4: four.texts[0] ?? none, 6: six.texts[0] ?? none } });
  } catch (error) {
    return unknown(codeOf(error, 'tool-failed'));
  }
}

interface Saved {
  readonly texts: readonly SavedTables[];
  /** Tables that nft shows as well, where iptables' own words say more: its matches have only names there. */
  readonly tables: readonly { readonly inNft: string }[];
}

/** A machine may have iptables' rules in nf_tables, in the older kernel tables, or in both. */
async function savedBy(tool: 'iptables' | 'ip6tables'): Promise<Saved> {
  let text: string;
  try {
    text = (await run(`${tool}-save`, [], limits)).stdout;
  } catch (error) {
    // Without iptables nothing but nft makes rules here.
    if (codeOf(error, 'tool-failed') === 'tool-missing') return { texts: [], tables: [] };
    throw error;
  }
  const tables = readSavedTables(text);
  const inNft = /\(nf_tables\)/.test(text);
  const family = tool === 'iptables' ? 'ip' : 'ip6';
  const texts = [tables];
  // Asked only where there are such tables: asking would make the kernel load them.
  if (inNft && legacyTables(family) !== '') {
    const legacy = await run(`${tool}-legacy-save`, [], limits);
    texts.push(readSavedTables(legacy.stdout));
  }
  return { texts, tables: inNft ? [...tables.keys()].map((name) => ({ inNft: `${family} ${name}` })) : [] };
}

function legacyTables(family: 'ip' | 'ip6'): string {
  try {
    return readFileSync(`/proc/net/${family}_tables_names`, 'utf8').trim();
  } catch {
    return '';
  }
}
