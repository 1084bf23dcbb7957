import { devicesText } from './devices.ts';
import { doorsText } from './doors.ts';

/**
 * The words that people read on every screen, and those of Doors and Devices; the other screens have files of their
 * own beside this one. Times and numbers come in ready to print.
 */
export const text = {
  ...doorsText,
  ...devicesText,

  app: {
    name: 'Latchkey',
    titled: (title: string) => `${title}, Latchkey`,
    description: 'Hold one button, and the SSH door at home opens for where you are.',
  },

  nav: {
    main: 'Main',
    app: 'This app',
    doors: 'Doors',
    bans: 'Bans',
    activity: 'Activity',
    passwords: 'Passwords',
    archives: 'Archives',
    devices: 'Devices',
    settings: 'Settings',
    settingsWith: (count: number) => `Settings, ${count} to look at`,
    back: 'Back',
    all: 'All screens',
    close: 'Close',
    skip: 'Skip to the door',
  },

  home: {
    button: (name: string, line: string) => `Home: ${name}. ${line}. Switch home`,
    homes: 'Homes',
    pair: 'Pair a home',
    none: 'No home yet',
    answered: (ago: string) => `Answered ${ago} ago`,
    working: 'Working on it',
    asking: 'Asking',
    askingHome: (name: string) => `Asking ${name}`,
    silent: (since: string) => `No answer for ${since}`,
    never: 'No answer yet',
    offline: 'Offline',
    waiting: 'Waits for a yes at home',
    closed: 'Closed',
    open: (left: string) => `Open, ${left} left`,
    openNow: 'Open',
    connected: 'Connected',
    noAnswer: 'No answer',
    noAnswerFor: (since: string) => `for ${since}`,
    banned: 'Banned here',
  },

  firstRun: {
    title: 'No home yet',
    lede: 'This key is not cut yet. Pairing cuts it to fit one home.',
    blank: 'A key that has not been cut',
    run: 'On the server, run',
    command: 'latchkey pair',
    shows: 'It shows a code and a link for 5 minutes.',
    then: 'Then, here',
    paste: 'Paste a link',
    inHand: 'With a phone in hand',
    cameraWide: 'Point its camera at the code that the command shows: the link opens there.',
    camera: 'Or point a phone’s camera at the code it shows.',
    passwords: 'Passwords work now',
    passwordsWhy: {
      phone: 'Made on this phone, without a home',
      tablet: 'Made on this tablet, without a home',
      browser: 'Made in this browser, without a home',
    },
  },

  calendar: {
    weekdays: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
    months: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  },

  activity: {
    title: 'Activity',
    all: 'All of it',
    filters: 'Show',
    filterAll: 'All',
    filterDoors: 'Doors',
    filterDevices: 'Devices',
    filterBans: 'Bans',
    filterHomes: 'Homes',
    empty: 'Nothing yet. Openings show here.',
    emptyFilter: 'Nothing of this kind yet.',
    more: 'Earlier',
    loading: 'Asking',
    stale: (age: string, home: string) => `As of ${age} ago. ${home} does not answer now.`,
    today: (date: string) => `Today, ${date}`,
    yesterday: 'Yesterday',
    opened: (door: string | undefined, long: string | undefined) =>
      [door === undefined ? 'Opened' : `Opened ${door}`, ...(long === undefined ? [] : [`for ${long}`])].join(
        ' ',
      ),
    closed: (door: string | undefined) => (door === undefined ? 'Closed' : `${door} closed`),
    connected: 'Connected',
    from: (who: string) => `${who} from `,
    fromDevice: (device: string) => `From ${device}.`,
    atDoor: (door: string) => `At the door ${door}.`,
    refused: 'Refused',
    failed: 'Knock stopped',
    paired: (device: string) => `New device: ${device}`,
    pairedSub: (home: string) => `Paired at ${home}`,
    pairing: (device: string) => `${device} wants to be paired`,
    pairingSub: 'Waits for a yes at home',
    second: 'A second device used the same code',
    secondSub: 'It was turned away',
    revoked: (device: string) => `Revoked ${device}`,
    overdue: (door: string | undefined) => (door === undefined ? 'Closed late' : `${door} closed late`),
    overdueSub: (home: string) => `It outlived its time; ${home} found and closed it`,
    started: (home: string) => `${home} started`,
    banned: (device: string) => (device === '' ? 'Your address was banned' : `${device} was banned`),
    unbanned: (own: boolean) => (own ? 'Unbanned your address' : 'Unbanned'),
    rebanned: 'Banned again, undone',
    allowed: (device: string) => `What ${device} may do was changed`,
    seconds: (count: number) => (count % 60 === 0 ? `${count / 60} min` : `${count} s`),
    folded: (title: string, count: number) => `${title}, ${count} times`,
  },

  strip: {
    open: (name: string) => `${name} is open`,
    unchecked: (name: string) => `${name} may be open`,
    close: 'Close',
    closing: 'Closing',
    to: 'To the door',
  },

  update: {
    ready: (version: string) => `Latchkey ${version} is ready.`,
    readyPlain: 'A new version is ready.',
    take: 'Update',
  },

  spoken: {
    opened: (left: string) => `Open, ${left} left.`,
    left: (seconds: number) => (seconds === 60 ? 'One minute left.' : `${seconds} seconds left.`),
    step: (what: string) => `${what}.`,
    copied: 'Copied.',
  },

  missing: {
    title: 'No such page',
    lede: 'Nothing is here. The doors are one tap away.',
    link: 'To the doors',
    brokenTitle: 'This page broke',
    brokenLede: 'The app could not go on. Doors that are open close by themselves.',
    reload: 'Load it again',
  },
};
