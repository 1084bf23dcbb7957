/**
 * What a paired device may do beyond opening doors, looking, and lifting the ban on its own address. Given at home
 * (`latchkey allow`), read again at every request.
 * - `unban`: lifts bans of other addresses.
 * - `restore`: asks archives back, which costs money.
 */
export const permissions = ['unban', 'restore'] as const;
export type Permission = (typeof permissions)[number];

export function isPermission(text: unknown): text is Permission {
  return (permissions as readonly unknown[]).includes(text);
}

/** As a row keeps them: names by one space, in the order above; what is no permission is left out. */
export function readPermissions(text: string): Permission[] {
  const words = text.split(' ');
  return permissions.filter((one) => words.includes(one));
}

export function writePermissions(list: readonly Permission[]): string {
  return permissions.filter((one) => list.includes(one)).join(' ');
}
