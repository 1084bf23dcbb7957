import { setTimeout as sleep } from 'node:timers/promises';
import { sharingOf, type Sharing } from '../../lib/client/address-notes.ts';
import type { Client } from '../../lib/client/client.ts';
import type { Opened, OpeningStep } from '../../lib/client/opening.ts';
import { proofOf, usualPatience, type ProofLink } from '../../lib/client/proof.ts';
import type { Answer } from '../../lib/client/requests.ts';
import type { DoorView } from '../../lib/protocol/message.ts';
import { clock } from '../device/clock.ts';
import { print, say } from '../device/print.ts';
import { proofLine, proofRows, type ProofRow } from '../device/proof-rows.ts';
import { doorLine, doorRow, jumpLine, show } from '../device/rows.ts';
import { ownAddresses } from '../own-addresses.ts';

export interface OpenOptions {
  readonly json: boolean;
  readonly seconds?: number;
  /** How long to wait for packet and session, ms; Infinity: while it is open. Absent: not at all. */
  readonly waitMs?: number;
}

const stepWords: Record<OpeningStep['step'], string> = {
  sealed: 'sealed here',
  relayed: 'passed on by the relay',
  received: 'received at home',
  asked: 'door asked',
  knock: 'knock',
  sesame: 'all knocks heard',
  rule: 'rule in place',
  checked: 'read back',
};

function stepLine(step: OpeningStep): string {
  const which = step.n === undefined ? '' : ` ${step.n}${step.of === undefined ? '' : ` of ${step.of}`}`;
  return `${(step.atMs / 1000).toFixed(2).padStart(6)} s  ${stepWords[step.step]}${which}`;
}

/** The home is asked this often while the rest of the chain is waited for: ms. It looks once a second itself. */
const askEvery = 500;

/** Opens, and says each link as it comes. Throws what `Client.release` throws; once it is open, nothing any more. */
export async function openDoor(client: Client, door: string, options: OpenOptions): Promise<void> {
  const { json, seconds, waitMs } = options;
  const heard: OpeningStep[] = [];
  const onStep = (step: OpeningStep): void => {
    heard.push(step);
    if (!json) say(stepLine(step));
  };
  const armed = await client.arm(door);
  const releasedAt = clock.now();
  const opened = await client.release(armed, { ...(seconds === undefined ? {} : { seconds }), onStep });
  const { address, also, steps, vouched } = opened.value;
  const exit = { polls: client.polls, local: ownAddresses() };
  // Progress that got lost is not repeated: what the answer alone knows is said with it.
  const late = steps.filter(
    ({ step, n }) => step !== 'received' && !heard.some((before) => before.step === step && before.n === n),
  );
  // The answer left before the home looked for the service: one more question, and the chain is whole so far.
  let seen: Answer<DoorView> = { ...opened, value: opened.value.door };
  seen = await client.inspect(door).catch(() => seen);
  const patience = Math.min(usualPatience, waitMs ?? usualPatience);
  const chain = new Chain(opened.value, releasedAt, patience);
  const fresh = chain.take(seen);
  const row = doorRow(seen, client.relay, address);
  const opening = [
    ...late.map(stepLine),
    ...fresh.filter(({ link }) => later.has(link)).map(proofLine),
    ...(vouched ? ['Address vouched for by the relay alone.'] : []),
    `${doorLine(row)}  for ${address}${also === undefined ? '' : ` and ${also}`}`,
    ...jumpLine(row),
    ...[address, ...(also === undefined ? [] : [also])].flatMap((one) =>
      sharingLines(one, sharingOf(one, exit)),
    ),
  ];
  if (!json) opening.forEach(say);
  if (waitMs !== undefined) {
    const end = clock.now() + Math.min(waitMs, opened.value.remainingMs ?? waitMs);
    while (!chain.isWhole && clock.now() < end) {
      await sleep(Math.min(askEvery, end - clock.now()));
      const now = await client.inspect(door).catch(() => undefined);
      if (now === undefined) continue;
      seen = now;
      if (show(now).own === undefined) break; // closed
      const news = chain.take(now);
      if (!json)
        news
          .filter(({ link }) => later.has(link))
          .map(proofLine)
          .forEach(say);
    }
  }
  if (!json) return;
  const { name, state, endpoint, jump, remainingMs, verifiedAt } = doorRow(seen, client.relay, address);
  print(
    true,
    {
      name,
      state,
      endpoint,
      ...(jump === undefined ? {} : { jump }),
      address,
      ...(also === undefined ? {} : { also }),
      sharing: sharingOf(address, exit),
      ...(remainingMs === undefined ? {} : { remainingMs }),
      ...(verifiedAt === undefined ? {} : { verifiedAt }),
      steps: steps.map(({ step, n, atMs }) => ({ step, ...(n === undefined ? {} : { n }), atMs })),
      proof: chain.rows,
    },
    [],
  );
}

function sharingLines(address: string, sharing: Sharing): string[] {
  switch (sharing) {
    case 'own':
      return [];
    case 'network':
      return [`Everyone who leaves this network by ${address} is let in too.`];
    case 'carrier':
      return [`${address} is the carrier's: its other customers behind it are let in too.`];
    case 'proxy':
      return [
        `No WebSocket passes here, so a proxy speaks for this network: the door is open for its address, ${address}.`,
        'What leaves by another address is not let in.',
      ];
  }
}

/** Links that come after the answer; those before are on the lines of the steps. */
const later: ReadonlySet<ProofLink['link']> = new Set(['service', 'packet', 'session']);

/** What is known of one opening's chain, kept when the door has closed. */
class Chain {
  rows: readonly ProofRow[] = [];
  private readonly opened: Opened;
  private readonly releasedAt: number;
  private readonly patience: number;

  constructor(opened: Opened, releasedAt: number, patience: number) {
    this.opened = opened;
    this.releasedAt = releasedAt;
    this.patience = patience;
  }

  /** True where nothing more can come. */
  get isWhole(): boolean {
    return this.rows.every(({ link, state }) => !later.has(link) || state === 'done' || state === 'unknown');
  }

  /** The rows that say something new. */
  take(seen: Answer<DoorView>): readonly ProofRow[] {
    const shown = show(seen);
    const sinceReleaseMs = clock.now() - this.releasedAt;
    const { steps } = this.opened;
    const links = proofOf({ shown, opened: { steps, sinceReleaseMs }, patience: this.patience });
    if (links.length === 0) return [];
    const before = this.rows;
    this.rows = proofRows(links, shown, sinceReleaseMs);
    return this.rows.filter((row) => !before.some((old) => old.link === row.link && old.text === row.text));
  }
}
