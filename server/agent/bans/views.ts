import type { Ban, EvidenceLine } from '../../../lib/ban.ts';
import type { BanHit, OwnBan } from '../../../lib/protocol/bans.ts';
import { fitting } from '../fit.ts';

/** Bytes of JSON that names may take in a list of a few: what others write is as long as they like. */
const hitRoom = 1800;

/** A ban as a device is told: what is left of it from now on. */
export function hitView({ source, jail, value, since, until, permanent }: Ban, now: number): BanHit {
  return {
    source,
    jail: jail.slice(0, 128),
    value: value.slice(0, 128),
    ...(since === undefined ? {} : { since: whole(since) }),
    ...(until === undefined || permanent === true ? {} : { leftMs: whole(until - now) }),
    ...(permanent === true ? { permanent } : {}),
  };
}

/** As many as fit; the first one in any case. */
export function hitViews(hits: readonly Ban[], most: number, now: number, bytes = hitRoom): BanHit[] {
  const views = hits.map((hit) => hitView(hit, now));
  const fit = fitting(views, most, bytes);
  return fit.length === 0 ? views.slice(0, 1) : fit;
}

export function lineViews(lines: readonly EvidenceLine[], most: number, bytes: number): OwnBan['lines'] {
  // The newest count: they are last.
  const views = lines.map(({ at, user, method, text }) => ({
    ...(at === undefined ? {} : { at: whole(at) }),
    ...(user === undefined ? {} : { user: user.slice(0, 64) }),
    ...(method === undefined ? {} : { method: method.slice(0, 32) }),
    text: text.slice(0, 300),
  }));
  return fitting(views.reverse(), most, bytes).reverse();
}

export function whole(ms: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(ms)));
}
