/**
 * Every refusal and failure that a person can meet: one code, one sentence, one remedy.
 * Only the code crosses the wire; the sentence is looked up where it is shown.
 */

const table = {
  // protocol: bytes that are not what lib/protocol/PROTOCOL.md says
  'protocol-malformed': ['The message is not a Latchkey message.', 'Update both sides to the same version.'],
  'protocol-oversized': [
    'The message is larger than the protocol allows.',
    'Update both sides to the same version.',
  ],
  'protocol-version': [
    'The other side speaks another protocol version.',
    'Update both sides to the same version.',
  ],
  'protocol-key': ['A key or seal does not fit.', 'Pair this device again.'],
  // session
  'session-none': ['The home has no such session.', 'Connect again.'],
  'session-unknown-device': ['The home does not know this key.', 'Pair this device again.'],
  'session-revoked': ['This device was revoked.', 'Pair it again at home.'],
  'session-unconfirmed': ['Nobody at home has confirmed this device yet.', 'Say yes at home.'],
  'session-busy': ['The home is busy with other handshakes.', 'Try again in a few seconds.'],
  // pairing
  'pairing-malformed': [
    'That code is not from Latchkey.',
    'Run `latchkey pair` at home and use what it prints.',
  ],
  'pairing-version': [
    'That code is from another version of Latchkey.',
    'Update both sides to the same version.',
  ],
  'pairing-expired': ['That code is too old.', 'Make a new one at home: `latchkey pair`.'],
  'pairing-used': ['Someone else used that code first.', 'Say no at home, then make a new code.'],
  'pairing-refused': ['The home said no.', 'Compare the codes, then pair again.'],
  'pairing-unanswered': ['Nobody answered at home.', 'Make a new code and say yes at home.'],
  'pairing-other-relay': ['That code is for another relay than this page.', 'Open the link itself.'],
  // refused: the home understood, and says no
  'refused-door': ['There is no door of that name.', 'See `latchkey device doors`.'],
  'refused-device': ['There is no such device.', 'See the list of devices.'],
  'refused-permission': [
    'This device is not allowed to do that.',
    'Allow it at home: `latchkey allow`, or `devices` of the door.',
  ],
  'refused-challenge': ['The challenge is too old or was used before.', 'Hold again.'],
  'refused-evidence': ['The address is not proved by every observer.', 'Hold again on a steady network.'],
  'refused-address-changed': ['The address changed while knocking.', 'Hold again on a steady network.'],
  'refused-address': [
    'That address is not one that a door may be opened for.',
    'Connect from an ordinary address.',
  ],
  'refused-address-private': [
    'That address is private.',
    'Set allow_private = true in the home file to allow it.',
  ],
  'refused-time': ['That time is not allowed for this door.', 'Ask for a shorter time.'],
  'refused-door-open': ['The door is open for this address already.', 'Wait until it closes.'],
  'refused-door-full': ['The door is open for as many addresses as it allows.', 'Close one first.'],
  'refused-rate': ['Too many requests.', 'Wait a minute.'],
  'refused-replay': ['That request was made before.', 'Hold again.'],
  'refused-size': ['The typed size is not that of the plan.', 'Type it as the plan shows it.'],
  'refused-cost': ['The cost rose since the plan was made.', 'Look at the new plan.'],
  'refused-plan': ['That plan is too old.', 'Look at the plan again.'],
  'refused-undo': ['That cannot be taken back any more.', 'Ban it at home, if it should be banned.'],
  // tool: what drivers throw
  'tool-missing': ['A program that this door needs is missing.', 'Install it, then restart the helper.'],
  'tool-needs-root': ['This door needs root.', 'Run `latchkey up` as root, or install the units.'],
  'tool-failed': ['The tool said no.', 'See the home log for what it said.'],
  'tool-timeout': ['The tool did not answer in time.', 'See the home log, then try again.'],
  'tool-not-open': ['The tool ran, but the door did not open.', 'See the home log for what it said.'],
  'tool-still-open': ['The door is still open.', 'Close it by hand with the command shown at home.'],
  'tool-still-banned': ['It is still banned.', 'Lift it at home, with the tool that banned it.'],
  'tool-unsupported': ['This door cannot do that.', 'See the driver’s page in the docs.'],
  'tool-ended': [
    'The program behind this door has ended.',
    'It is started again by itself; if this lasts, see the home log.',
  ],
  'tool-deaf': [
    'The program behind this door runs, but hears no knock.',
    'It is started again by itself; if this lasts, see the home log.',
  ],
  'tool-comes-back': [
    'The ban is lifted, but what set it still has the address on its own list and will set it again.',
    'Stop it, take the address off that list, start it again: “hosts.deny” in server/bans/README.md.',
  ],
  'tool-helper-gone': ['The helper does not answer.', 'Start it: `latchkey up`, or its unit.'],
  // relay
  'relay-unreachable': ['The relay was not reached.', 'Check the network of this device.'],
  'relay-certificate': [
    'The relay’s certificate is not the one paired with.',
    'Pair again, or use a trusted network.',
  ],
  'relay-not-admitted': [
    'The relay does not let this key in: the home is away, or the code or device is no longer good.',
    'Is the home agent running? If it is, pair again: `latchkey pair` at home.',
  ],
  'relay-full': ['The relay is full.', 'Try again in a minute.'],
  'relay-rate': ['The relay slows this device down.', 'Try again in a minute.'],
  'relay-home-away': ['The home is not connected to the relay.', 'Is the home agent running?'],
  'relay-no-answer': ['The home did not answer in 10 s.', 'Ask again.'],
  // archives: what lies in Glacier, and what tells of it
  'archives-empty': ['The file is empty.', 'Fetch it again; nothing was changed.'],
  'archives-cut': ['The file ends too early.', 'Fetch it again, whole; nothing was changed.'],
  'archives-malformed': [
    'The file is no inventory, or a damaged one.',
    'Fetch it again; nothing was changed.',
  ],
  'archives-unread': ['The file cannot be read any more.', 'Choose it again; nothing was changed.'],
  'archives-vault': ['That is not the vault of this file.', 'Leave --vault out, or name its own.'],
  'archives-busy': ['Another import is under way.', 'Try again when it is done.'],
  'archives-credentials': [
    'AWS does not accept the home’s credentials, or there are none.',
    'Give the home agent a key of AWS: see server/archives/AWS.md.',
  ],
  'archives-denied': [
    'AWS does not allow this key to do that.',
    'Give it the policy in server/archives/POLICY.md.',
  ],
  'archives-throttled': ['AWS asks for fewer requests.', 'Wait; it is asked again by itself.'],
  'archives-unreachable': [
    'AWS was not reached, or had a fault of its own.',
    'Wait; it is asked again by itself.',
  ],
  'archives-refused': ['AWS refused.', 'See the home log for its own words.'],
  'archives-missing': ['AWS does not know that, or not yet.', 'See the home log for its own words.'],
  'archives-expired': ['AWS no longer has the output of this job.', 'Ask for it again.'],
  'archives-no-source': [
    'The home has no place at AWS to ask.',
    'Name one in its file: see server/archives/AWS.md.',
  ],
  'archives-working': ['The home is still at it.', 'Ask again in a moment.'],
  'archives-too-large': [
    'The file is larger than the home takes from a device.',
    'Import it at home: `latchkey archives import FILE`.',
  ],
  'archives-no-room': [
    'The disk at home has not enough room for it.',
    'Make room there; nothing was changed.',
  ],
  'archives-file-gone': ['The home no longer has the file that was on its way.', 'Choose it again.'],
  'archives-capacity': [
    'AWS has no room for expedited retrievals now.',
    'Wait, or pause it and begin another with Standard.',
  ],
  'archives-policy': [
    'The data retrieval policy of the AWS account does not allow it now.',
    'Change it in the Glacier console, or wait: it is asked again by itself.',
  ],
  'archives-damaged': [
    'What AWS sends is not what its own list says.',
    'Ask for it again; the home log names the place.',
  ],
  'archives-restoring': ['Another restore is under way.', 'Wait until it is done, or pause it.'],
  'archives-nothing': ['None of it can be asked back.', 'Choose others, or see what the home’s file lists.'],
  'archives-space': [
    'There is not enough room in the folder.',
    'Make room, or take less at a time; a restore goes on by itself then.',
  ],
  'archives-folder': [
    'The folder that archives come back to has a .latchkey of somebody else’s.',
    'Take that away, or name another folder as restore_folder; the restore goes on by itself then.',
  ],
  'archives-changed': [
    'A staged piece is not what it was when it was staged.',
    'Look at the disk, then stage again.',
  ],
  'archives-staging': ['Another run is staging there.', 'Wait until it is done.'],
  'archives-paused': ['Sending was paused from a device.', 'Run the same command again: it goes on.'],
  'archives-not-sending': ['Nothing is being sent now.', 'Begin at home: `latchkey archives upload`.'],
  // config: what a person wrote
  'config-unreadable': ['A file cannot be read.', 'Check the path and its permissions.'],
  'config-invalid': ['A configuration file has an error.', 'Mend the key named above.'],
  'config-unsafe': [
    'A file that root goes by can be changed by others than root.',
    'chown root and chmod go-w it and its folders.',
  ],
  'config-refused': [
    'The door’s file was changed and cannot be used; the door goes on as it was.',
    'Run `latchkey knockd lint` on the file, mend it, then send the helper SIGHUP.',
  ],
  'config-unread': ['The door’s file was changed since it was read.', 'Send the helper SIGHUP to use it.'],
  'config-port-in-use': ['The port is in use.', 'Stop what listens there, or set PORT.'],
  'config-running': ['A home agent runs here already.', 'Stop it first, or name another folder.'],
  'config-exists': ['That name is taken.', 'Choose another name.'],
  'config-missing': [
    'There is nothing of that name.',
    'See what there is: `latchkey door list`, `devices`, `device homes`, `archives list`.',
  ],
  'config-not-running': ['No home agent runs here.', 'Start it: `latchkey up`.'],
  'config-not-paired': ['This device is not paired.', 'Run `latchkey device pair LINK`.'],
  'config-recipe': ['No password can be made by that recipe.', 'Change what is named above.'],
  'config-rules': ['The password rules have an error.', 'Mend the text at the place named above.'],
  'config-usage': ['The command line is not right.', 'See `--help`.'],
} as const satisfies Record<string, readonly [sentence: string, remedy: string]>;

export type ErrorCode = keyof typeof table;

export const errorCodes = Object.keys(table) as ErrorCode[];

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(table, text);
}

/** What happened, in one sentence. */
export function sentenceOf(code: ErrorCode): string {
  return table[code][0];
}

/** The one thing to do. */
export function remedyOf(code: ErrorCode): string {
  return table[code][1];
}

/**
 * The only error that crosses a wall of the house. `detail` names the key, byte, file or line and stays on
 * the machine where it was thrown.
 */
export class LatchkeyError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(
      detail === undefined ? `${code}: ${sentenceOf(code)}` : `${code}: ${sentenceOf(code)} (${detail})`,
      options,
    );
    this.name = 'LatchkeyError';
    this.code = code;
    this.detail = detail;
  }
}

/** The code of anything thrown; `fallback` for what is not ours. */
export function codeOf(error: unknown, fallback: ErrorCode): ErrorCode {
  return error instanceof LatchkeyError ? error.code : fallback;
}
