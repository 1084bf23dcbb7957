'use client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { dialOf, Headline, headline, lengthWords, ticksLeft } from './door-face.tsx';
import { Banned } from './banned.tsx';
import { DoorTabs, OtherDoors } from './door-rows.tsx';
import type { DoorActs } from './door-acts.ts';
import { Under } from './door-under.tsx';
import { ProofActs } from './proof-acts.tsx';
import { NoAnswer } from './no-answer.tsx';
import { Dial } from '../_ui/dial.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { HoldDial } from '../_ui/hold-dial.tsx';
import { Chain } from '../_ui/proof.tsx';
import { RelayDrawer } from '../_ui/relay-drawer.tsx';
import { Spoken } from '../_ui/spoken.tsx';
import type { DoorFace, OtherDoor } from '../_ui/types.ts';
import type { HoldStage } from '../_ui/use-hold.ts';
import { text } from '../_text/en.ts';

export interface DoorsScreenProps {
  readonly face: DoorFace;
  /** All doors of the home, the one that is shown too; tabs come with the second. */
  readonly doors: readonly OtherDoor[];
  readonly openBy: 'hold' | 'twice';
  readonly singleKeys: boolean;
  readonly acts: DoorActs;
}

const still = new Set<DoorFace['phase']>(['noAnswer', 'offline']);
const closable = new Set<DoorFace['phase']>(['open', 'unchecked', 'connected']);

export function DoorsScreen({ face, doors, openBy, singleKeys, acts }: DoorsScreenProps) {
  const [stage, setStage] = useState<HoldStage>('idle');
  const [drawer, setDrawer] = useState<'none' | 'proof' | 'relay' | 'confirm'>('none');
  const pressable = face.phase === 'closed' || face.phase === 'notOpened';
  const shownStage = pressable ? stage : 'idle';
  const root = useRef<HTMLDivElement>(null);
  useLostFocus(root, face.phase);
  useCloseKey(singleKeys && closable.has(face.phase), acts.close);
  const shut = useCallback(() => setDrawer('none'), []);

  const dial = dialOf(face);
  const long = lengthWords(face.seconds);
  const describe = openBy === 'twice' ? text.dial.twice : text.dial.hold;
  return (
    <div ref={root} className={`door-screen${doors.length > 1 ? ' several' : ''}`}>
      {doors.length > 1 && <DoorTabs doors={doors} home={face.home} onChoose={acts.choose} />}
      {face.banned !== undefined ? (
        <Banned
          banned={face.banned}
          place={face.place}
          onUnbanOpen={() => acts.unban(face.door)}
          onUnban={() => acts.unban()}
        />
      ) : still.has(face.phase) ? (
        <NoAnswer face={face} onAsk={acts.ask} />
      ) : (
        <div className="stage">
          <Headline face={face} stage={shownStage} onRelay={() => setDrawer('relay')} />
          <div className="dial-wrap">
            {pressable ? (
              <HoldDial
                label={describe(face.service, face.home, long)}
                holdingLabel={text.dial.keepHolding}
                mode={openBy}
                haptics
                singleKeys={singleKeys}
                onStage={setStage}
                onArm={acts.arm}
                onRelease={acts.release}
                onCancel={acts.cancel}
                onActivate={() => setDrawer('confirm')}
              />
            ) : (
              <Dial
                look={dial.look}
                turn={dial.turn}
                lit={ticksLeft(face)}
                ring={dial.running ? 'running' : 'rest'}
              />
            )}
          </div>
          <div className="under">
            <Under
              face={face}
              acts={acts}
              stage={shownStage}
              twice={openBy === 'twice'}
              onProof={() => setDrawer('proof')}
              onRelay={() => setDrawer('relay')}
            />
          </div>
        </div>
      )}
      {doors.length > 1 && <OtherDoors doors={doors} home={face.home} openBy={openBy} acts={acts} />}
      <Spoken face={face} headline={headline(face, shownStage)} />
      {drawer === 'proof' && (
        <Drawer title={text.proof.title} onClose={shut}>
          <p className="sub proof-lede">{face.proofLede ?? text.proof.lede}</p>
          <Chain links={face.links} />
          {face.proofRemedy !== undefined && <p className="ruled-note ink mt-1.5">{face.proofRemedy}</p>}
          {face.proofRemedy === undefined && face.proofNote !== undefined && (
            <p className="sub mt-1.5">{face.proofNote}</p>
          )}
          <ProofActs face={face} acts={acts} />
        </Drawer>
      )}
      {drawer === 'relay' && <RelayDrawer onClose={shut} />}
      {drawer === 'confirm' && (
        <Drawer title={text.dial.confirmTitle(long)} onClose={shut}>
          <div className="stack mt-4">
            <button
              type="button"
              className="btn fill wide"
              onClick={() => {
                shut();
                acts.release();
              }}
            >
              {text.dial.confirm}
            </button>
            <button type="button" className="btn wide" onClick={shut}>
              {text.dial.confirmNot}
            </button>
          </div>
        </Drawer>
      )}
    </div>
  );
}

/** What had the focus may be gone with its state: the headline takes it, and says what is so now. */
function useLostFocus(root: React.RefObject<HTMLDivElement | null>, phase: DoorFace['phase']): void {
  const before = useRef(phase);
  useEffect(() => {
    const was = before.current;
    if (was === phase) return;
    before.current = phase;
    // while home is asked there is nothing to have the focus, and a page that opens takes none
    if (was === 'asking') return;
    if (document.activeElement === null || document.activeElement === document.body) {
      root.current?.querySelector('h1')?.focus({ preventScroll: true });
    }
  }, [phase, root]);
}

/** C closes (desktop, if single keys are on). */
function useCloseKey(active: boolean, close: () => void): void {
  useEffect(() => {
    if (!active) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'c' || event.repeat || event.ctrlKey || event.metaKey || event.altKey)
        return;
      const target = event.target as HTMLElement | null;
      if (
        target?.matches('input, textarea, select') === true ||
        document.querySelector('dialog[open]') !== null
      ) {
        return;
      }
      close();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [active, close]);
}
