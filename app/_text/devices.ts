import { here, plural, type Place } from './common.ts';

const capital: Record<Place, string> = {
  phone: 'This phone',
  tablet: 'This tablet',
  browser: 'This browser',
};

/** The words of pairing, Settings and Devices. */
export const devicesText = {
  pairing: {
    step: 'Pair a home',
    of: (n: number) => `${n} of 3`,
    pasteTitle: 'Paste the link from home',
    pasteRun: 'On the server, run',
    pasteCommand: 'latchkey pair --link',
    link: 'Link',
    good: 'A Latchkey link',
    clear: 'Clear',
    home: 'Home',
    relay: 'Relay',
    goodFor: 'Good for',
    device: 'This device',
    rename: 'Rename',
    name: 'Name of this device',
    keep: 'Keep',
    whoever: 'Whoever uses the link first is the device that home hears of.',
    ask: 'Ask home',
    asking: 'Asking',
    compareTitle: 'Same key on both?',
    compareLede: (home: string) =>
      `${home} shows a key and a code in its terminal. Both must be the same as these.`,
    keyPicture: (cuts: readonly number[]) => `Key picture: cuts ${cuts.join(' ')}`,
    code: (groups: readonly string[]) => `Code: ${groups.map((group) => [...group].join(' ')).join(', ')}`,
    match: 'They match',
    matchWait: 'Compare first',
    differ: 'They differ',
    differWhy: 'If they differ, stop: someone is in between.',
    waitTitle: (home: string) => `Say yes on ${home}`,
    waitLede: (place: Place) => `Until someone at home does, ${here[place]} can do nothing.`,
    terminal: (home: string) => `${home}’s terminal asks`,
    terminalCommand: 'latchkey pair',
    terminalWants: (device: string) => `${device} wants to be paired.`,
    terminalCode: 'Its code is ',
    terminalAsk: (place: Place) => `Does the ${place} show the same? [y/n] `,
    waits: (home: string) => `${home} waits`,
    timeLeft: 'Time left to say yes',
    another: 'Another code there? Say no: someone else was first.',
    stop: 'Stop pairing',
    stopTitle: 'Nothing is kept here',
    differed: 'The codes differ, so this pairing is forgotten. Nothing is kept here.',
    refused: (home: string) => `${home} said no. Nothing is kept here.`,
    unanswered: (home: string) => `Nobody answered at ${home}. Make a new code.`,
    second: (home: string) => `Someone else was first. Say no at ${home}.`,
    failed: 'Not paired',
    someHome: 'home',
    notKept:
      'This browser keeps nothing for this page, as a private window does. A pairing would be gone when it closes.',
    again: 'Start again',
    paired: (home: string) => `Paired with ${home}.`,
    toDoors: 'To the doors',
  },

  settings: {
    title: 'Settings',
    place: capital,
    app: 'Latchkey',
    devices: 'Devices',
    checks: 'Checks',
    toLookAt: (count: number) => (count === 0 ? 'Sound' : `${count} to look at`),
    relay: 'Relay',
    code: 'Code',
    knownAs: {
      phone: 'Knows this phone as',
      tablet: 'Knows this tablet as',
      browser: 'Knows this browser as',
    },
    openBy: 'Open by',
    hold: 'Hold',
    twice: { phone: 'Tap twice', tablet: 'Tap twice', browser: 'Press twice' },
    opensFor: 'Opens for',
    theme: 'Theme',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    singleKeys: 'Single keys',
    singleKeysO: 'O',
    singleKeysEnter: 'Enter',
    singleKeysC: 'C',
    singleKeysThen: ' then ',
    singleKeysOpens: ' opens, ',
    singleKeysCloses: ' closes',
    about: 'About',
    version: 'Version',
    relayCan: 'What the relay can do',
    forget: (home: string) => `Forget ${home}`,
    forgetTitle: (home: string) => `Forget ${home}?`,
    forgetWhy: (home: string, place: Place) =>
      `${capital[place]} forgets its key for ${home}. ${home} still knows the key until someone revokes it there. To come back, pair again.`,
    source: 'Source and licences',
  },

  devices: {
    title: (count: number) => `${count} ${plural(count, 'device', 'devices')}`,
    asking: 'Devices',
    lede: (home: string) => `These can ask ${home} for a door.`,
    ledeWide: (home: string) => `These can ask ${home} for a door. ${home} decides.`,
    decides: (home: string) =>
      `${home} decides. A device you revoke here is turned away from its next word on.`,
    self: capital,
    now: 'now',
    seen: (when: string) => `Seen ${when}`,
    seenNever: 'Not seen yet',
    ago: (span: string) => `${span} ago`,
    paired: (when: string) => `Paired ${when}`,
    allowed: (more: readonly ('unban' | 'restore')[]) =>
      ['Doors', ...more.map((one) => ({ unban: 'bans', restore: 'restore' })[one])].join(', '),
    doorsOnly: 'Doors only',
    today: 'today',
    waiting: 'Waits for a yes at home',
    hasOpen: (what: string) => `Has ${what}`,
    openDoor: (door: string, left: string | undefined) =>
      left === undefined ? `${door} open` : `${door} open, ${left} left`,
    openShort: (door: string, left: string | undefined) =>
      left === undefined ? door : `${door}, ${left} left`,
    another: 'Pair another device',
    anotherWhy: 'On the server, run the command and open its link on the other device.',
    columns: { device: 'Device', seen: 'Seen', allowed: 'Allowed', paired: 'Paired', open: 'Open now' },
    none: 'None',
    factSeen: 'Last seen',
    factPaired: 'Paired',
    factAllowed: 'Allowed',
    factOpen: 'Open now',
    revoke: (name: string) => `Revoke ${name}`,
    revoking: 'Revoking',
    factSessions: 'Sessions',
    sessions: (count: number, since: string) =>
      count === 1 ? `1, since ${since}` : `${count}, the first since ${since}`,
    /** `doors`: those that it has open, or nothing. */
    revokeWhy: (home: string, name: string, doors: string, sessions: number) => {
      const closes = doors === '' ? 'forgets its key' : `closes ${doors} and forgets this key`;
      const stays =
        sessions > 1
          ? ` Its sessions stay until someone ends them at ${home}.`
          : sessions === 1
            ? ` The session stays until someone ends it at ${home}.`
            : doors === ''
              ? ''
              : ` A session that is up stays until someone ends it at ${home}.`;
      return `${home} ${closes}.${stays} To come back, ${name} must be paired again.`;
    },
    holding: 'You are holding it.',
    belongs: 'A device belongs to one home. Other homes keep lists of their own.',
    failed: 'Not revoked.',
  },
};
