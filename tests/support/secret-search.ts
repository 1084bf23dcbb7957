/** Every writing of a secret that a search knows: as it is, base64 of either alphabet at any place, hex, percent. */
export function writings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const found = [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ];
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    for (const alphabet of ['base64', 'base64url'] as const) {
      // Characters at both ends hold bits of what stands beside it.
      const whole = shifted.subarray(0, shifted.length - (shifted.length % 3)).toString(alphabet);
      found.push(whole.slice(before === 0 ? 0 : 4));
    }
  }
  return found;
}

export function finds(bytes: Uint8Array, secret: string): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return writings(secret).some((one) => buffer.includes(one));
}
