const plural = (count: number, one: string, many: string) => (count === 1 ? one : many);
const list = (parts: readonly string[]) =>
  parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;

/** What happened about archives. A vault's name is text of others. */
export const archiveEvents = {
  asked: (vault: string | undefined) =>
    vault === undefined ? 'Asked AWS for its lists' : `Asked AWS for the list of ${vault}`,
  here: (vault: string) => `The list of ${vault} is here`,
  hereAt: (vault: string, at: string) => `The list of ${vault} came at ${at}`,
  severalHere: (count: number, at: string) => `${count} lists of archives came, the last at ${at}`,
  failed: (vault: string) => `No list of ${vault}`,
  failedAt: (vault: string, at: string) => `The list of ${vault} did not come, at ${at}`,
  restoring: 'Archives asked back',
  restored: 'Archives are back',
  notRestored: 'Archives did not come back',
  imported: (vault: string | undefined) =>
    vault === undefined ? 'A list of archives was taken in' : `A list of ${vault} was taken in`,
  archives: (count: number) => `${count.toLocaleString('en-US')} ${plural(count, 'archive', 'archives')}`,
  nameless: 'a vault',
};

/** The words of Activity's day. */
export const dayText = {
  today: 'Today',
  chooseDay: (day: string) => `${day}. Choose a day`,
  whichDay: 'Which day',
  allEvents: 'All events',
  theDay: 'The day',
  look: (count: number) => `${count} to look at.`,
  nothingToLook: 'Nothing to look at.',
  doorsOpen: (count: number) =>
    count === 0 ? 'No door open' : count === 1 ? 'One door open' : `${count} doors open`,
  openings: (count: number) =>
    count === 0 ? 'Nothing opened' : count === 1 ? 'One opening' : `${count} openings`,
  banned: (count: number) => (count === 0 ? 'nobody banned' : `${count} banned`),
  letIn: 'let in',
  turnedAway: 'turned away',

  /** The line, said. */
  line: (day: string, parts: readonly string[]) =>
    parts.length === 0 ? `${day} by the hour: nothing` : `${day} by the hour: ${parts.join(', ')}`,
  said: {
    opened: (times: readonly string[]) =>
      `${plural(times.length, 'a door open', 'doors open')} ${list(times)}`,
    between: (from: string, to: string) => (from === to ? `at ${from}` : `${from} to ${to}`),
    since: (from: string) => `since ${from}`,
    sessions: (times: readonly string[]) =>
      `${plural(times.length, 'a session', 'sessions')} from ${list(times)}`,
    stopped: (times: readonly string[]) =>
      `${plural(times.length, 'a knock', 'knocks')} stopped at ${list(times)}`,
    bans: (count: number) => `${count} ${plural(count, 'ban', 'bans')}`,
    started: (home: string, times: readonly string[]) => `${home} started at ${list(times)}`,
  },

  toLookAt: 'To look at',
  newest: 'All, newest first',
  stoppedAt: (at: string) => `Knock stopped at ${at}`,
  refusedAt: (at: string) => `Refused at ${at}`,
  times: (title: string, count: number) => `${title}, ${count} times`,
  stuck: (n: number, of: number): readonly [string, string] => ['stuck at', `link ${n} of ${of}`],
  links: (n: number, of: number): readonly [string, string] => [`${n} of ${of}`, plural(of, 'link', 'links')],
  paired: (device: string, at: string) => `${device} was paired at ${at}`,
  byLink: 'By a link, so nobody at home was asked.',
  mine: 'It is mine',
  revoke: (device: string) => `Revoke ${device}`,
  revoking: 'Revoking',
  bannedAt: (at: string) => `Your address was banned at ${at}`,
  bannedOther: (device: string, at: string) => `${device} was banned at ${at}`,
  lateAt: (door: string | undefined, at: string) =>
    door === undefined ? `A door closed late at ${at}` : `${door} closed late at ${at}`,
  late: (home: string) => `It outlived its time; ${home} found it.`,
  findings: (count: number) => `${count} new ${plural(count, 'finding', 'findings')} in Checks`,
  findingsWhy: (home: string) => `${home} looked at itself.`,
  toChecks: 'Look at them',
  seen: 'Seen',
  seenOf: (title: string) => `Seen: ${title}`,

  /** An opening, as it grows. */
  open: (door: string | undefined, left: string | undefined) =>
    [door === undefined ? 'Open' : `${door} open`, ...(left === undefined ? [] : [`${left} left`])].join(
      ', ',
    ),
  by: (device: string) => `${device}.`,
  connectedAt: (user: string | undefined, at: string) =>
    user === undefined ? `Connected at ${at}.` : `${user} connected at ${at}.`,
  closedAt: (at: string) => `Closed at ${at}.`,
  closedLate: (at: string) => `Closed late, at ${at}.`,
  bannedSince: (count: number, since: string | undefined) =>
    since === undefined ? `${count} banned` : `${count} banned since ${since}`,
  others: 'others',
  nothing: 'Nothing yet. Openings show here.',
  nothingThen: 'Nothing happened.',
};
