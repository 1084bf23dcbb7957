'use client';
import type { ReactNode } from 'react';
import { Clock } from '../_ui/clock.tsx';
import { clock } from '../_ui/durations.ts';
import type { DialLook, DialTurn } from '../_ui/dial.tsx';
import type { DoorFace } from '../_ui/types.ts';
import type { HoldStage } from '../_ui/use-hold.ts';
import { bannedText } from '../_text/banned.ts';
import { text } from '../_text/en.ts';

const words = text.door;

/** What the dial draws in a state; `lit` only where time runs. */
export function dialOf(face: DoorFace): { look: DialLook; turn: DialTurn; running: boolean } {
  switch (face.phase) {
    case 'sealing':
    case 'knocking':
      return { look: 'rim', turn: 'quarter', running: true };
    case 'open':
    case 'stale':
      return { look: 'warm', turn: 'quarter', running: true };
    case 'unchecked':
    case 'closeUnconfirmed':
      return { look: 'rim', turn: 'quarter', running: true };
    case 'connected':
    case 'connectedTimeUp':
      return { look: 'brass', turn: 'quarter', running: true };
    case 'closing':
      return { look: 'neutral', turn: 'back', running: false };
    case 'noAnswer':
    case 'offline':
    case 'asking':
      return { look: 'off', turn: 'upright', running: false };
    case 'closed':
    case 'notOpened':
      return { look: 'neutral', turn: 'upright', running: false };
    case 'banned':
      return { look: 'banned', turn: 'upright', running: false };
  }
}

/** Ticks left of sixty; a tick is out once its sixtieth of the time has passed. */
export function ticksLeft(face: DoorFace): number {
  if (face.leftMs === undefined || face.lengthMs === undefined || face.lengthMs === 0) return 0;
  if (face.phase === 'sealing' || face.phase === 'knocking' || face.phase === 'connectedTimeUp') return 0;
  return Math.max(0, Math.min(60, Math.ceil((face.leftMs / face.lengthMs) * 60)));
}

export function lengthWords(seconds: number): string {
  return seconds % 60 === 0 ? text.dial.minutes(seconds / 60) : text.dial.seconds(seconds);
}

const headlines: Record<DoorFace['phase'], string> = {
  closed: words.closed,
  sealing: words.sealing,
  knocking: words.knocking,
  open: words.open,
  unchecked: words.unchecked,
  connected: words.connected,
  connectedTimeUp: words.connected,
  closing: words.closing,
  closeUnconfirmed: words.unconfirmed,
  notOpened: words.notOpened,
  noAnswer: words.noAnswer,
  offline: '',
  stale: words.stale,
  asking: words.askingTitle,
  banned: bannedText.title,
};

export function headline(face: DoorFace, stage: HoldStage = 'idle'): string {
  if (face.title !== undefined) return face.title;
  if (face.banned?.again === true) return bannedText.again;
  if (face.phase === 'offline') return words.offline[face.place];
  if (face.phase === 'closed' && stage === 'released') return words.sealing;
  if (face.phase === 'closed' && stage !== 'idle') return words.holding;
  return headlines[face.phase];
}

const brass = new Set<DoorFace['phase']>([
  'open',
  'unchecked',
  'connected',
  'connectedTimeUp',
  'stale',
  'closeUnconfirmed',
]);

/** Brass: somebody may be able to connect. Dim: last known, and home is being asked. */
function tone(face: DoorFace): string {
  if (face.phase === 'asking') return ' dim';
  return brass.has(face.phase) ? ' brass' : '';
}

/** A word that large text must not push off the screen. */
export function isLong(headline: string): boolean {
  return headline.split(' ').some((word) => word.length > 7);
}

export function Headline({
  face,
  stage,
  onRelay,
}: {
  face: DoorFace;
  stage: HoldStage;
  onRelay: () => void;
}) {
  const withClock = face.leftMs !== undefined && (face.phase === 'open' || face.phase === 'unchecked');
  const said = headline(face, stage);
  const title = (
    <h1 className={`state${tone(face)}${isLong(said) ? ' long' : ''}`} tabIndex={-1}>
      {said}
    </h1>
  );
  return (
    <div className="headline">
      {withClock ? (
        <div className="state-row">
          {title}
          <Clock leftMs={face.leftMs ?? 0} />
        </div>
      ) : (
        title
      )}
      <p className="lede">
        <Lede face={face} stage={stage} onRelay={onRelay} />
      </p>
    </div>
  );
}

function Lede({
  face,
  stage,
  onRelay,
}: {
  face: DoorFace;
  stage: HoldStage;
  onRelay: () => void;
}): ReactNode {
  const address = <b className="mono">{face.address ?? ''}</b>;
  switch (face.phase) {
    case 'closed':
      if (stage === 'full') return text.dial.letGo;
      if (stage === 'holding') return text.dial.letEarly;
      if (stage === 'armed' || stage === 'enter') return text.dial.waitsSeconds;
      if (stage === 'released') return words.sealingLede[face.place];
      return face.lede ?? words.closedLede(face.service, face.home);
    case 'sealing':
      return words.sealingLede[face.place];
    case 'knocking':
      return face.lede ?? words.asking(face.home);
    case 'open':
      return (
        <>
          <span className="phone-words">
            {address}
            {words.openLede.after(face.home)}
          </span>
          <span className="wide-words">
            {words.openWide.before}
            {address}
            {words.openWide.after}
          </span>
          {face.vouched && (
            <button type="button" className="quiet-line quiet-link" aria-haspopup="dialog" onClick={onRelay}>
              {words.vouched}
            </button>
          )}
          {face.sharing !== undefined && <span className="quiet-line">{face.sharing}</span>}
        </>
      );
    case 'unchecked':
      return (
        <>
          {address}
          {words.uncheckedLede}
        </>
      );
    case 'connected':
      return face.leftMs === undefined ? (
        words.connectedNoClock
      ) : (
        <>
          <b className="num">{clock(face.leftMs)}</b>
          {words.connectedLede}
        </>
      );
    case 'connectedTimeUp':
      return words.timeUpLede;
    case 'closing':
      return words.closingLede(face.home);
    case 'closeUnconfirmed':
      return words.unconfirmedLede(face.home, face.closesAt);
    case 'notOpened':
      return (
        <>
          <b>{face.reason ?? ''}</b> {face.lede ?? ''}
        </>
      );
    case 'noAnswer':
    case 'offline':
    case 'asking':
    case 'banned':
      return face.lede ?? '';
    case 'stale':
      return (
        <>
          {face.leftMs === undefined ? (
            words.staleOver
          ) : (
            <>
              <b className="num">{clock(face.leftMs)}</b>
              {words.staleLeft}
            </>
          )}
          <b className="mono">{face.stale?.address ?? ''}</b>
          {face.stale?.mine === true ? words.staleMineLede : words.staleOtherLede}
        </>
      );
  }
}
