/** The one protocol version that this code speaks; the first byte of every payload that outlives a connection. */
export const protocolVersion = 1;

/** Sealed plaintexts are padded to exactly one of these sizes (bytes), so that length tells little. */
export const paddedSizes = [256, 1024, 4096, 16384] as const;

/** Largest frame any side accepts, in bytes: the largest sealed message, wrapped for the home, and some room. */
export const maxFrame = 16384 + 512;

/** A connection's first frame is due this soon after the socket opens, in ms. */
export const admissionTime = 10_000;

/** A challenge of the home is good for this long by the home's monotonic clock, in ms. */
export const challengeTime = 10_000;

/** S' of a half-open handshake lives this long, in ms. */
export const halfOpenTime = 10_000;
