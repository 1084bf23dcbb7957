'use client';
import { useState } from 'react';
import type { DoorActs } from './door-acts.ts';
import { Drawer } from '../_ui/drawer.tsx';
import { EventMark } from '../_ui/marks.tsx';
import type { OtherDoor } from '../_ui/types.ts';
import { useHold } from '../_ui/use-hold.ts';
import { text } from '../_text/en.ts';

/** Phone: one tab a door, its mark before its name. */
export function DoorTabs({
  doors,
  home,
  onChoose,
}: {
  doors: readonly OtherDoor[];
  home: string;
  onChoose: (door: string) => void;
}) {
  const move = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = doors.findIndex((door) => door.chosen);
    const next = doors[(at + step + doors.length) % doors.length];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.name);
    event.currentTarget.querySelectorAll('button')[doors.indexOf(next)]?.focus();
  };
  return (
    <div className="dtabs" role="tablist" aria-label={text.door.doorsOf(home)} onKeyDown={move}>
      {doors.map((door) => (
        <button
          key={door.name}
          type="button"
          role="tab"
          aria-selected={door.chosen}
          aria-label={`${door.label}, ${door.state}`}
          tabIndex={door.chosen ? 0 : -1}
          onClick={() => onChoose(door.name)}
        >
          <EventMark mark={door.open ? 'open' : 'closed'} size={20} />
          {door.label}
        </button>
      ))}
    </div>
  );
}

/** Tablet and desktop: the others are rows below, each with its own hold; the dial then shows what comes of it. */
export function OtherDoors({
  doors,
  home,
  openBy,
  acts,
}: {
  doors: readonly OtherDoor[];
  home: string;
  openBy: 'hold' | 'twice';
  acts: DoorActs;
}) {
  return (
    <section className="others">
      <h2 className="h2 pb-1.5">{text.door.others(home)}</h2>
      <ul className="rows ruled">
        {doors
          .filter((door) => !door.chosen)
          .map((door) => (
            <li key={door.name} className="row">
              <EventMark mark={door.open ? 'open' : 'closed'} size={28} />
              <span className="main">
                <span className="t b">{door.label}</span>
                <span className="s">{door.detail}</span>
              </span>
              <span className={`num mr-4 ${door.open ? 'brass b' : 'dim'}`}>{door.state}</span>
              {door.canOpen ? (
                <RowHold door={door} openBy={openBy} acts={acts} />
              ) : (
                <button
                  type="button"
                  className="btn small"
                  aria-label={text.door.showDoor(door.label)}
                  onClick={() => acts.choose(door.name)}
                >
                  {text.door.show}
                </button>
              )}
            </li>
          ))}
      </ul>
    </section>
  );
}

function RowHold({ door, openBy, acts }: { door: OtherDoor; openBy: 'hold' | 'twice'; acts: DoorActs }) {
  const [confirming, setConfirming] = useState(false);
  const release = () => {
    acts.choose(door.name);
    acts.releaseDoor(door.name);
  };
  const { stage, lit, bind } = useHold({
    mode: openBy,
    haptics: true,
    onArm: () => acts.armDoor(door.name),
    onRelease: release,
    onCancel: () => acts.cancelDoor(door.name),
    onActivate: () => setConfirming(true),
  });
  const word = () => {
    if (stage === 'full') return text.dial.letGoShort;
    if (stage === 'holding') return text.door.holding;
    if (stage === 'armed') return text.dial.againShort;
    return openBy === 'twice' ? text.dial.hintTwice.browser : text.dial.hintHold;
  };
  return (
    <>
      <button
        type="button"
        className="btn small row-hold"
        aria-label={openBy === 'twice' ? `${word()}: ${door.label}` : text.dial.hintHoldDoor(door.label)}
        {...bind}
      >
        <svg className="held" viewBox="0 0 60 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width={lit} height="1" />
        </svg>
        <span>{word()}</span>
      </button>
      {confirming && (
        <Drawer title={text.dial.confirmDoor(door.label)} onClose={() => setConfirming(false)}>
          <div className="stack mt-4">
            <button
              type="button"
              className="btn fill wide"
              onClick={() => {
                setConfirming(false);
                release();
              }}
            >
              {text.dial.confirm}
            </button>
            <button type="button" className="btn wide" onClick={() => setConfirming(false)}>
              {text.dial.confirmNot}
            </button>
          </div>
        </Drawer>
      )}
    </>
  );
}
