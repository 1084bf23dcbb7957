/**
 * One peer's way to the relay, whatever carries it (a WebSocket, long polling). Frames come whole and in
 * order. Nothing here throws: a peer that is gone is told by `onClose`, once.
 */
export interface Transport {
  /** The peer's canonical address, from the socket itself. */
  readonly address: string;
  /** Host and port as the peer dialled them, lower case; one of the relay's own. */
  readonly host: string;
  /** Bytes handed to `send` that have not left yet. */
  readonly buffered: number;
  /** Does nothing after `close` or `drop`. */
  send(bytes: Uint8Array): void;
  /** Nothing is handed over after `close`. */
  onMessage(listener: (bytes: Uint8Array) => void): void;
  onClose(listener: () => void): void;
  /** Ends politely: what was sent before still leaves. */
  close(): void;
  /** Ends at once. */
  drop(): void;
}
