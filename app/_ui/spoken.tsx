'use client';
import { useState } from 'react';
import { clock } from './durations.ts';
import type { DoorFace } from './types.ts';
import { bannedText } from '../_text/banned.ts';
import { text } from '../_text/en.ts';

const marks = [60, 30, 10] as const;

/** Everything that was said once is kept, so that it is not said twice. */
interface Heard {
  readonly headline: string;
  readonly set: readonly string[];
  /** Seconds left when last looked. */
  readonly left: number | undefined;
  readonly say: string;
  readonly alert: string;
}

const leftOf = (face: DoorFace) => (face.leftMs === undefined ? undefined : Math.ceil(face.leftMs / 1000));

function next(heard: Heard, face: DoorFace, headline: string): Heard {
  const set = face.links.filter((link) => link.state === 'set');
  const left = leftOf(face);
  const ids = set.map((link) => link.id);
  const parts: string[] = [];
  let alert = heard.alert;
  if (headline !== heard.headline) {
    const said =
      face.phase === 'open' && face.leftMs !== undefined
        ? text.spoken.opened(clock(face.leftMs))
        : `${headline}.`;
    // Time was up, or somebody else closed it: not what a person here asked for.
    const unasked = heard.headline === text.door.open && face.phase === 'closed';
    if (face.banned !== undefined) alert = bannedText.spoken(face.banned.address);
    else if (unasked) alert = said;
    else parts.push(said);
  }
  for (const link of set) if (!heard.set.includes(link.id)) parts.push(text.spoken.step(link.title));
  for (const mark of marks) {
    if (
      heard.left !== undefined &&
      left !== undefined &&
      heard.left > mark &&
      left <= mark &&
      heard.left - left < 20
    ) {
      parts.push(text.spoken.left(mark));
    }
  }
  return { headline, set: ids, left, say: parts.length === 0 ? heard.say : parts.join(' '), alert };
}

/** The live region: each change of state and each real link once, and the last 60, 30 and 10 seconds. */
export function Spoken({ face, headline }: { face: DoorFace; headline: string }) {
  const [heard, setHeard] = useState<Heard>(() => ({
    headline,
    set: face.links.filter((link) => link.state === 'set').map((link) => link.id),
    left: leftOf(face),
    say: '',
    alert: '',
  }));
  const now = next(heard, face, headline);
  if (now.headline !== heard.headline || now.left !== heard.left || now.set.join() !== heard.set.join()) {
    setHeard(now);
  }
  return (
    <>
      <p className="vh" role="status">
        {heard.say}
      </p>
      <p className="vh" role="alert">
        {heard.alert}
      </p>
    </>
  );
}
