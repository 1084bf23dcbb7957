import type { HomeState } from '../_state/types.ts';

/**
 * The home said that nothing bans this address, and it is the present. While a place that bans could not be asked,
 * nobody knows.
 */
export function isKnownFree({ bans: { summary, fresh } }: HomeState, address: string | undefined): boolean {
  if (!fresh || summary === undefined) return false;
  const { own, sources } = summary.value;
  return (
    sources.length > 0 &&
    sources.every(({ problem }) => problem === undefined) &&
    own.some((one) => one.address === address && one.hits.length === 0)
  );
}
