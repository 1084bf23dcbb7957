/** A job's id is its description at AWS too, so that it must be known among other people's. */
const ours = /^latchkey-[A-Za-z0-9_-]{22}$/;

export function isOurs(description: string | null | undefined): description is string {
  return typeof description === 'string' && ours.test(description);
}

/** `random`: 16 bytes. */
export function newJobId(random: Uint8Array): string {
  return `latchkey-${Buffer.from(random).toString('base64url')}`;
}
