import { proceed, type BaseChain, type Judged, type Outcome, type Packet, type Rule } from './packet.ts';
import { isKey, isObject, matches, type Json, type Sets } from './nft-match.ts';

/** What `nft -j list ruleset` says, taken apart. */
export interface NftRuleset {
  readonly chains: readonly BaseChain[];
  /** Elements of each set, by `inet latchkey v4_ssh`. */
  readonly sets: ReadonlyMap<string, readonly Json[]>;
}

/**
 * `isOther`: tables that another reader reads (`ip filter` of iptables-nft: here its matches are only names).
 * Never throws for JSON of nft's shape; undefined for text that is none.
 */
export function readNft(text: string, isOther: (table: string) => boolean): NftRuleset | undefined {
  let items: Json | undefined;
  try {
    const parsed = JSON.parse(text) as Json;
    items = isObject(parsed) ? parsed['nftables'] : undefined;
  } catch {
    return undefined;
  }
  if (!Array.isArray(items)) return undefined;
  const sets = new Map<string, readonly Json[]>();
  const rules = new Map<string, Rule[]>();
  const bases: { readonly path: string; readonly table: string; readonly chain: { [key: string]: Json } }[] =
    [];
  for (const item of items) {
    if (!isObject(item)) continue;
    const { set = item['map'], chain, rule } = item;
    if (isObject(set) && Array.isArray(set['elem']))
      sets.set(`${tableOf(set)} ${String(set['name'])}`, set['elem']);
    if (isObject(chain)) {
      const path = `${tableOf(chain)} ${String(chain['name'])}`;
      rules.set(path, rules.get(path) ?? []);
      if (typeof chain['hook'] === 'string') bases.push({ path, table: tableOf(chain), chain });
    }
    if (isObject(rule)) {
      const path = `${tableOf(rule)} ${String(rule['chain'])}`;
      const named: Sets = (name) => sets.get(`${tableOf(rule)} ${name}`);
      const list = rules.get(path) ?? [];
      list.push(nftRule(rule['expr'], `${path}: ${JSON.stringify(rule['expr'])}`.slice(0, 200), named));
      rules.set(path, list);
    }
  }
  return {
    sets,
    chains: bases
      .filter(({ table, chain }) => judges(chain) && !isOther(table))
      .map(({ path, table, chain }) => baseChain(path, table, chain, rules)),
  };
}

function tableOf(item: { readonly [key: string]: Json }): string {
  return `${String(item['family'])} ${String(item['table'])}`;
}

/** Chains of nat change where a packet goes, and are left out. */
function judges(chain: { readonly [key: string]: Json }): boolean {
  const { family, hook, type } = chain;
  return (
    /^(?:ip|ip6|inet)$/.test(String(family)) &&
    (hook === 'input' || hook === 'prerouting') &&
    type === 'filter'
  );
}

function baseChain(
  path: string,
  table: string,
  chain: { readonly [key: string]: Json },
  rules: ReadonlyMap<string, readonly Rule[]>,
): BaseChain {
  const within = [...rules].filter(([name]) => name.startsWith(`${table} `));
  return {
    family: chain['family'] === 'ip' ? 4 : chain['family'] === 'ip6' ? 6 : 'both',
    hook: chain['hook'] === 'input' ? 'input' : 'prerouting',
    priority: Number(chain['prio'] ?? 0),
    policy: chain['policy'] === 'drop' ? 'drop' : 'accept',
    name: path,
    rules: rules.get(path) ?? [],
    chains: new Map(within.map(([name, list]) => [name.slice(table.length + 1), list])),
  };
}

const anything: readonly Outcome[] = [{ to: 'accept' }, { to: 'drop' }, proceed];

function nftRule(expressions: Json | undefined, text: string, sets: Sets): Rule {
  const statements = Array.isArray(expressions) ? expressions : [];
  return {
    text,
    judge(packet): Judged {
      let sure = true;
      let marks: { mark: number | undefined } | undefined;
      const end = (outcomes: readonly Outcome[]): Judged => ({
        outcomes: sure ? outcomes : [proceed, ...outcomes.filter(({ to }) => to !== 'continue')],
        ...(marks === undefined ? {} : { marks }),
      });
      for (const statement of statements) {
        const judged = judgeStatement(statement, packet, sets);
        if (judged.kind === 'match') {
          if (judged.answer === false) return end([proceed]);
          if (judged.answer === undefined) sure = false;
        } else if (judged.kind === 'mark') marks = { mark: sure ? judged.mark : undefined };
        else return end(judged.outcomes);
      }
      return end([proceed]);
    },
  };
}

type Said =
  | { readonly kind: 'match'; readonly answer: boolean | undefined }
  | { readonly kind: 'mark'; readonly mark: number | undefined }
  | { readonly kind: 'end'; readonly outcomes: readonly Outcome[] };

const passes: Said = { kind: 'match', answer: true };

/** Statements that only count, log or remember. */
const passing =
  /^(?:counter|log|comment|notrack|ct helper|ct timeout|ct expectation|flow|set|map|meter|last|dup|secmark|quota)$/;

function judgeStatement(statement: Json, packet: Packet, sets: Sets): Said {
  if (!isObject(statement)) return { kind: 'match', answer: undefined };
  const [name = ''] = Object.keys(statement);
  const body = statement[name] ?? null;
  switch (name) {
    case 'match':
      if (!isObject(body)) return { kind: 'match', answer: undefined };
      return {
        kind: 'match',
        answer: matches(body['op'], body['left'] ?? null, body['right'] ?? null, packet, sets),
      };
    case 'accept':
    case 'drop':
    case 'reject':
    case 'return':
    case 'continue':
    case 'jump':
    case 'goto':
      return { kind: 'end', outcomes: [outcomeOf(statement)] };
    case 'vmap':
      return isObject(body) ? judgeMap(body, packet, sets) : { kind: 'end', outcomes: anything };
    case 'limit':
    case 'ct count':
      // one packet alone keeps within every rate; `over` is meant for the rest
      return { kind: 'match', answer: !(isObject(body) && body['inv'] === true) };
    case 'mangle': {
      const key = isObject(body) && isObject(body['key']) ? body['key']['meta'] : undefined;
      if (!isObject(key) || key['key'] !== 'mark') return passes;
      const value = isObject(body) ? body['value'] : undefined;
      return { kind: 'mark', mark: typeof value === 'number' ? value : undefined };
    }
    case 'xt':
    case 'queue':
    case 'tproxy':
    case 'synproxy':
      return { kind: 'end', outcomes: anything };
    default:
      return passing.test(name) ? passes : { kind: 'match', answer: undefined };
  }
}

function outcomeOf(statement: { readonly [key: string]: Json }): Outcome {
  const [name = ''] = Object.keys(statement);
  const body = statement[name];
  if (name === 'jump' || name === 'goto') {
    return { to: name, chain: isObject(body) ? String(body['target']) : '' };
  }
  if (name === 'reject') return { to: 'drop' };
  return name === 'accept' || name === 'drop' || name === 'return' ? { to: name } : proceed;
}

function judgeMap(body: { readonly [key: string]: Json }, packet: Packet, sets: Sets): Said {
  const { key = null, data = null } = body;
  const entries = isObject(data) ? data['set'] : typeof data === 'string' ? sets(data.slice(1)) : undefined;
  if (!Array.isArray(entries)) return { kind: 'end', outcomes: anything };
  const outcomes: Outcome[] = [];
  for (const entry of entries as readonly Json[]) {
    const [value = null, verdict = null] = Array.isArray(entry) ? (entry as readonly Json[]) : [];
    const answer = isKey(key, value, packet, sets);
    if (answer === false) continue;
    outcomes.push(isObject(verdict) ? outcomeOf(verdict) : proceed);
    if (answer === true) return { kind: 'end', outcomes };
  }
  // No key fits: the rule ends here, and the next one is asked.
  return { kind: 'end', outcomes: [...outcomes, proceed] };
}
