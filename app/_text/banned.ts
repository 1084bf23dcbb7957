type Place = 'phone' | 'tablet' | 'browser';

/** The words of Doors where this device's address is banned, and those that Bans shares with it. */
export const bannedText = {
  title: 'You’re banned from here',
  titleLines: ['You’re banned', 'from here'],
  again: 'Banned again',
  canLift: 'You can lift it now.',
  canLiftWhy: (home: string) => `${home} turns away SSH from this address, but not your knock.`,
  cannot: 'This device may not lift it.',
  cannotWhy: (network: string) => `${network} is banned, and this address is in it.`,
  cannotSource: (home: string, source: string) => `${home} only reads ${source}: it is lifted there.`,
  needs: (home: string) =>
    `Others in that network would be let in too. It takes a device that may lift bans of other addresses: that is given at ${home}.`,
  againWhy: 'Lifted less than 10 minutes ago. It will not last until what logs in wrongly is stopped:',
  address: {
    phone: 'This phone’s address',
    tablet: 'This tablet’s address',
    browser: 'This browser’s address',
  } satisfies Record<Place, string>,
  ends: (at: string) => `Ends by itself at ${at}`,
  endsNever: 'Does not end by itself',
  endsUnknown: (home: string) => `${home} does not know when it ends`,
  jail: 'Jail',
  why: 'Why',
  when: 'When',
  tried: 'Tried as',
  fromTo: (from: string, to: string) => (from === to ? from : `${from} to ${to}`),
  since: (at: string) => `Since ${at}`,
  notTold: 'Not told',
  failedLogins: (count: number) => (count === 1 ? '1 failed login' : `${count} failed logins`),
  probes: (count: number) => (count === 1 ? '1 probe' : `${count} probes`),
  failures: (count: number) => (count === 1 ? '1 failure' : `${count} failures`),
  times: (count: number) => (count === 1 ? 'banned once' : `banned ${count} times`),
  methods: { publickey: 'key not accepted', password: 'password not accepted' } as Readonly<
    Record<string, string>
  >,
  andMore: (count: number) => `and ${count} more`,
  unbanOpen: (door: string | undefined, long: string | undefined) =>
    ['Unban and open', door, long === undefined ? undefined : `for ${long}`]
      .filter((word) => word !== undefined)
      .join(' '),
  unbanOnly: 'Unban only',
  unban: 'Unban',
  unbanning: 'Unbanning',
  cost: 'Anyone else on this network is let try again too.',
  copy: 'Copy for the log',
  stands: (lifted: string, left: string) =>
    lifted === '' ? `${left} still turns you away.` : `${lifted} is lifted. ${left} still turns you away.`,
  failed: 'Not lifted.',
  undoFailed: 'Not banned again.',
  spoken: (address: string) => `You are banned from here, ${address}.`,
};
