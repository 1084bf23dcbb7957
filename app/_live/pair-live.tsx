'use client';
import { useEffect, useState } from 'react';
import { LiveShell, useApp } from './app.tsx';
import type { BootWindow } from './boot.ts';
import { deviceName, usePlace } from './place.ts';
import { reasonWords, remedyWords } from './words.ts';
import type { PairingState } from '../_state/types.ts';
import { CompareScreen, FindScreen, PairEndScreen, WaitScreen } from '../_screens/pair-screens.tsx';
import { route } from '../_ui/route.ts';
import { text } from '../_text/en.ts';

const words = text.pairing;

/** The link that the page was opened with. boot() has taken it out of the address before anything else ran. */
function takeLink(): string {
  if (typeof window === 'undefined') return '';
  const page = window as BootWindow;
  const link = page.latchkeyLink ?? '';
  delete page.latchkeyLink;
  return link;
}

const ownName = () => (typeof window === 'undefined' ? '' : deviceName(navigator.userAgent));

export function PairLive() {
  const app = useApp();
  const { store, snapshot } = app;
  const { pairing } = snapshot;
  const place = usePlace();
  const [link, setLink] = useState(takeLink);
  const [name, setName] = useState(ownName);
  /** The code that this person said is the same on both. */
  const [matched, setMatched] = useState('');
  const [differed, setDiffered] = useState(false);

  useEffect(() => {
    // A second link pasted into the address of this very page.
    const changed = () => {
      if (window.location.hash.length < 2) return;
      setLink(window.location.href);
      window.history.replaceState(null, '', window.location.pathname);
    };
    changed();
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);

  useEffect(() => {
    if (pairing.step !== 'done') return;
    store.pairDismiss();
    route.replace('/');
  }, [pairing.step, store]);

  const relay = typeof window === 'undefined' ? '' : window.location.host;
  const again = () => {
    setDiffered(false);
    setMatched('');
    setLink('');
    store.pairDismiss();
  };
  const screen = () => {
    if (differed) return <PairEndScreen why={words.differed} onAgain={again} />;
    switch (pairing.step) {
      case 'none':
      case 'claiming':
      case 'done': {
        const check = link.trim() === '' || !snapshot.loaded ? undefined : store.checkLink(link);
        return (
          <FindScreen
            link={link}
            {...(check === undefined
              ? {}
              : { check: check.ok ? { ok: true, relay } : { ok: false, why: linkWords(check.code) } })}
            name={name}
            busy={pairing.step === 'claiming'}
            starting={!snapshot.loaded}
            notKept={snapshot.storageRefused}
            onLink={setLink}
            onName={setName}
            onAsk={() => {
              store.pair(link, name.trim() || deviceName(navigator.userAgent));
            }}
          />
        );
      }
      case 'waiting':
        return pairing.code === matched ? (
          <WaitScreen
            home={pairing.home}
            homeKey={pairing.key}
            code={pairing.code}
            device={name}
            place={place}
            leftMs={pairing.leftMs}
            totalMs={pairing.totalMs}
            onStop={() => {
              store.pairCancel();
              again();
            }}
          />
        ) : (
          <CompareScreen
            key={pairing.code}
            home={pairing.home}
            homeKey={pairing.key}
            code={pairing.code}
            relay={relay}
            device={name}
            onMatch={() => setMatched(pairing.code)}
            onDiffer={() => {
              store.pairCancel();
              setDiffered(true);
            }}
          />
        );
      case 'failed':
        return <PairEndScreen {...endWords(pairing)} onAgain={again} />;
    }
  };
  const count =
    pairing.step === 'waiting' ? (pairing.code === matched ? 3 : 2) : pairing.step === 'failed' ? 3 : 1;
  return (
    <LiveShell
      app={app}
      screen="pair"
      bare
      mainClass="pairing"
      back={{ href: '/', label: words.step, count: words.of(count) }}
    >
      {screen()}
    </LiveShell>
  );
}

function linkWords(code: Parameters<typeof reasonWords>[0]): string {
  return `${reasonWords(code)} ${remedyWords(code)}`;
}

function endWords(pairing: Extract<PairingState, { step: 'failed' }>): { why: string; remedy?: string } {
  const home = pairing.home ?? words.someHome;
  switch (pairing.code) {
    case 'pairing-refused':
      return { why: words.refused(home) };
    case 'pairing-unanswered':
      return { why: words.unanswered(home) };
    case 'pairing-used':
      return { why: words.second(home) };
    default:
      return { why: reasonWords(pairing.code), remedy: remedyWords(pairing.code) };
  }
}
