import { LatchkeyError } from '../../lib/errors.ts';
import { readPermissions, writePermissions, type Permission } from '../../lib/permission.ts';
import type { Audit } from './audit.ts';
import type { Devices } from './devices.ts';
import type { DeviceRow } from './store/rows.ts';

/** The one paired device with this id, or with this name and no namesake. Throws `config-missing`. */
export function findDevice(wanted: string, devices: Pick<Devices, 'all'>): DeviceRow {
  const found = devices.all().filter((row) => row.id === wanted || row.name === wanted);
  const [row] = found;
  if (row === undefined) throw new LatchkeyError('config-missing', `no device "${wanted}"`);
  if (found.length > 1)
    throw new LatchkeyError('config-missing', `${found.length} devices are named "${wanted}": use the id`);
  return row;
}

/**
 * Gives a device a permission, or takes it; on disk before it counts, from the next request on. @returns what it has
 * then. Throws `config-missing`, `session-unconfirmed`.
 */
export async function permit(
  wanted: string,
  permission: Permission,
  yes: boolean,
  { devices, audit }: { readonly devices: Devices; readonly audit: Audit },
): Promise<{ device: string; name: string; allowed: readonly Permission[] }> {
  const { id, name } = findDevice(wanted, devices);
  const row = devices.require(id);
  const before = readPermissions(row.allowed);
  const allowed = readPermissions(
    writePermissions(yes ? [...before, permission] : before.filter((one) => one !== permission)),
  );
  if (allowed.length !== before.length) {
    const event = audit.draft({ kind: 'allowed', device: name });
    await devices.put({ ...row, allowed: writePermissions(allowed) }, event);
    audit.tell(event);
  }
  return { device: id, name, allowed };
}
