/**
 * What people would use instead, set up for real in a lab whose home denies by default (firewall: 'iptables') and
 * has a server on TCP 22. `once` starts from a closed port and leaves it closed.
 */
export interface Peer {
  /** From firing the client to a connection, in ms; the phone tries a new connect every 2 ms. */
  once(): Promise<number>;
}
