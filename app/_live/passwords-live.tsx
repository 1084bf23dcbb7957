'use client';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import { LiveShell, useApp } from './app.tsx';
import { clipboard, type Copied } from './clipboard.ts';
import { passwordFace } from './password-face.ts';
import { usePlace } from './place.ts';
import { PasswordPicker } from '../_state/password-picker.ts';
import { PasswordsScreen } from '../_screens/passwords-screen.tsx';
import { useSaid } from '../_ui/controls.tsx';
import { passwordText } from '../_text/passwords.ts';

/** How passwords were made: read before there is a home, and without waiting for a database. */
const memory = {
  key: 'latchkey-passwords',
  read(): string | null {
    try {
      return localStorage.getItem(memory.key);
    } catch {
      return null;
    }
  },
  write(choice: string): void {
    try {
      localStorage.setItem(memory.key, choice);
    } catch {
      // Storage is refused: the choice holds for this visit.
    }
  },
};

const words = async () => (await import('../../lib/generator/eff-words.ts')).effWords;

const browserPicker = () =>
  new PasswordPicker({ fill: (bytes) => void crypto.getRandomValues(bytes), words, memory });

const copiedWords: Record<Copied, string> = {
  none: '',
  clears: passwordText.clears,
  stays: passwordText.stays,
  cleared: passwordText.cleared,
  notCleared: passwordText.notCleared,
  notCopied: passwordText.notCopied,
};

/** Needs neither home nor store: the four are there as soon as the page runs. */
export function PasswordsLive() {
  const app = useApp();
  const place = usePlace();
  const [picker] = useState(browserPicker);
  const state = useSyncExternalStore(picker.subscribe, picker.getSnapshot, picker.getServerSnapshot);
  const copied = useSyncExternalStore(clipboard.subscribe, clipboard.get, clipboard.getServer);
  const [said, say] = useSaid();
  useLayoutEffect(() => {
    picker.start();
    // A page that is left may be kept whole, to come back to: the passwords are not.
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) picker.start();
    };
    window.addEventListener('pagehide', picker.stop);
    window.addEventListener('pageshow', back);
    return () => {
      window.removeEventListener('pagehide', picker.stop);
      window.removeEventListener('pageshow', back);
      picker.stop();
    };
  }, [picker]);
  return (
    <LiveShell
      app={app}
      screen="passwords"
      atOnce
      line={passwordText.made[place]}
      alone={{ href: '/', label: passwordText.made[place] }}
    >
      <PasswordsScreen
        place={place}
        {...passwordFace(state)}
        copied={copiedWords[copied]}
        justCopied={said}
        fresh={state.rounds === 0 ? '' : `${passwordText.fresh}${state.rounds % 2 === 0 ? '\u00a0' : ''}`}
        acts={{
          kind: picker.setMode,
          choose: picker.choose,
          length: picker.setLength,
          set: picker.setSet,
          rules: picker.setRules,
          copy() {
            const password = state.candidates[state.chosen];
            if (password === undefined) return;
            void clipboard.copy(password).then((done) => {
              if (done) say();
            });
          },
          more: picker.more,
        }}
      />
    </LiveShell>
  );
}
