import type { Effect } from './effect.ts';

/** The same command, undone: what a remedy shows. */
export function undoing(start: string): string {
  return start
    .replace(/(\s)(?:-I|--insert)(\s+\S+)(?:\s+\d+(?=\s))?/g, '$1-D$2')
    .replace(/(\s)(?:-A|--append)(?=\s)/g, '$1-D')
    .replace(
      /\bufw(\s+(?:--force\s+)?)(?:insert\s+\d+\s+|prepend\s+)?(?=allow|limit|deny|reject)/g,
      'ufw$1delete ',
    )
    .replace(/\bnft(\s+)(?:add|create)(\s+element)/g, 'nft$1delete$2')
    .replace(/\bipset(\s+)(?:add|-A)\b/g, 'ipset$1del')
    .replace(/--add-(?=rich|port|service|source)/g, '--remove-')
    .replace(/\b(systemctl\s+)start\b/g, '$1stop')
    .replace(/((?:\bservice\s|\/init\.d\/)\s*\S+\s+)start\b/g, '$1stop')
    .replace(/(knock_add|knock_helper_ipt\.sh)((?:\s+\S+)*?)\s+(?:-i|-a)(?=\s)/g, '$1$2 -x');
}

/** Which words one rule has and the other has not. */
export function difference(opening: readonly Effect[], closing: readonly Effect[]): string {
  const words = (effects: readonly Effect[]) => new Set(effects.flatMap(({ thing }) => thing.split('\n')));
  const [added, deleted] = [words(opening), words(closing)];
  const only = (some: ReadonlySet<string>, others: ReadonlySet<string>) =>
    [...some].filter((word) => !others.has(word)).join(' ');
  const [a, d] = [only(added, deleted), only(deleted, added)];
  const parts = [a === '' ? '' : `“${a}” is only added`, d === '' ? '' : `“${d}” is only deleted`];
  return parts.filter((part) => part !== '').join(', ') || 'the same words in another order';
}
