import { LatchkeyError } from '../../../lib/errors.ts';
import { readPermissions } from '../../../lib/permission.ts';
import { restorePage } from '../../../lib/protocol/restores.ts';
import { fitting, room, sizeOf } from '../fit.ts';
import type { Handlers } from '../handlers.ts';

type SendingTypes = 'sending' | 'sendingPause';

export const sendingHandlers: Pick<Handlers, SendingTypes> = {
  sending({ parts }) {
    const sending = parts.archives.sending.view();
    if (sending === undefined) return Promise.resolve({ type: 'sending' });
    const rows = fitting(sending.rows, restorePage, room - sizeOf({ ...sending, rows: [] }));
    return Promise.resolve({ type: 'sending', sending: { ...sending, rows } });
  },

  async sendingPause({ live, parts }) {
    const { allowed } = parts.devices.require(live.device);
    if (!readPermissions(allowed).includes('restore')) throw new LatchkeyError('refused-permission');
    await parts.archives.sending.pause();
    return { type: 'restoreChanged' };
  },
};
