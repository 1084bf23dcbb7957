import { deletingByHandle, isNftRule } from './effect-nft.ts';
import type { Effect } from './effect.ts';

/** The same command, undone: what a remedy shows. `lasting` is what the command opens. */
export function undoing(start: string, lasting: readonly Effect[]): string {
  const rules = lasting.filter(isNftRule);
  if (rules.length > 0) return rules.map(deletingByHandle).join('; ');
  return start
    .replace(/%ip%/gi, '%IP%')
    .replace(/(\s)(?:-I|--insert)(\s+\S+)(?:\s+\d+(?=\s))?/g, '$1-D$2')
    .replace(/(\s)(?:-A|--append)(?=\s)/g, '$1-D')
    .replace(
      /\bufw(\s+(?:--force\s+)?)(?:insert\s+\d+\s+|prepend\s+)?(?=allow|limit|deny|reject)/g,
      'ufw$1delete ',
    )
    .replace(/\bnft(\s+)(?:add|create)(\s+element)/g, 'nft$1delete$2')
    .replace(/\bipset(\s+)(?:add|-A)\b/g, 'ipset$1del')
    .replace(/--add-(?=rich|port|service|source|protocol|forward)/g, '--remove-')
    .replace(/\b(systemctl\s+)start\b/g, '$1stop')
    .replace(/((?:\bservice\s|\/init\.d\/)\s*\S+\s+)start\b/g, '$1stop')
    .replace(/(knock_add|knock_helper_ipt\.sh)((?:\s+\S+)*?)\s+(?:-i|-a)(?=\s)/g, '$1$2 -x');
}

/** How what is deleted differs from what was added: another tool, other words, or the other of firewalld’s two rules. */
export function difference(opening: readonly Effect[], closing: readonly Effect[]): string {
  const toolsOf = (effects: readonly Effect[]) => [...new Set(effects.map(({ tool }) => tool))];
  const [adds, deletes] = [toolsOf(opening), toolsOf(closing)];
  const words = (effects: readonly Effect[]) => new Set(effects.flatMap(({ thing }) => thing.split('\n')));
  const [added, deleted] = [words(opening), words(closing)];
  const only = (some: ReadonlySet<string>, others: ReadonlySet<string>) =>
    [...some].filter((word) => !others.has(word)).join(' ');
  const [a, d] = [only(added, deleted), only(deleted, added)];
  const parts = [a === '' ? '' : `“${a}” is only added`, d === '' ? '' : `“${d}” is only deleted`];
  if (!adds.some((tool) => deletes.includes(tool))) {
    const tools = `${adds.join(' and ')} adds it, ${deletes.join(' and ')} deletes`;
    // Two tools share their words only where both are iptables.
    const alike = [...adds, ...deletes].every((tool) => /^ip6?tables$/.test(tool));
    parts.splice(0, alike ? 0 : parts.length, tools);
  }
  const [first] = opening;
  if (parts.every((part) => part === '') && closing.every((one) => one.persistent !== first?.persistent)) {
    return first?.persistent === true
      ? 'the one in force, not the one that --permanent keeps on disk'
      : 'the one that --permanent keeps on disk, not the one in force';
  }
  return parts.filter((part) => part !== '').join(', ') || 'the same words in another order';
}
