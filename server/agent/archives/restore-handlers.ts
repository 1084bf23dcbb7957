import { LatchkeyError } from '../../../lib/errors.ts';
import { fitting, room, sizeOf } from '../fit.ts';
import type { Handlers } from '../handlers.ts';

type RestoreTypes =
  'restorePlan' | 'restores' | 'restoreStart' | 'restorePause' | 'restoreGoOn' | 'restoreCap';

export const restoreHandlers: Pick<Handlers, RestoreTypes> = {
  async restorePlan({ request, live, parts: { archives } }) {
    const restores = await archives.restoring.permitted(live);
    const { archives: chosen, vault, perDay } = request;
    if ((chosen === undefined) === (vault === undefined)) throw new LatchkeyError('protocol-malformed');
    const of = vault === undefined ? { archives: chosen ?? [] } : { vault };
    return { type: 'restorePlan', plan: await restores.plan(of, perDay) };
  },

  async restores({ request, parts: { archives } }) {
    const { from, limit } = request;
    const restores = await archives.restoring.restores();
    if (restores === undefined) return { type: 'restores', rows: [], from };
    const { restore, rows } = await restores.view(from, limit);
    const answer = { type: 'restores' as const, from, ...(restore === undefined ? {} : { restore }) };
    return { ...answer, rows: fitting(rows, limit, room - sizeOf(answer)) };
  },

  async restoreStart({ request, live, parts: { archives } }) {
    await archives.restoring.permitted(live);
    const { id, plan, tier, typed, cost } = request;
    const restore = await archives.restoring.begin({ id, plan, tier, typed, cost }, live.device);
    return { type: 'restoreStarted', restore };
  },

  async restorePause({ request, live, parts }) {
    const restores = await parts.archives.restoring.permitted(live);
    parts.requests.spend(live.device);
    await restores.pause(request.restore, request.now === true ? { now: true } : {});
    return { type: 'restoreChanged' };
  },

  async restoreGoOn({ request, live, parts }) {
    const restores = await parts.archives.restoring.permitted(live);
    parts.requests.spend(live.device);
    await restores.goOn(request.restore);
    return { type: 'restoreChanged' };
  },

  async restoreCap({ request, live, parts }) {
    const restores = await parts.archives.restoring.permitted(live);
    parts.requests.spend(live.device);
    await restores.cap(request.restore, request.perDay);
    return { type: 'restoreChanged' };
  },
};
