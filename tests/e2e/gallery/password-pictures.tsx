import type { ReactNode } from 'react';
import * as sample from './samples.ts';
import { passwordFace } from '../../../app/_live/password-face.ts';
import { PasswordPicker } from '../../../app/_state/password-picker.ts';
import { PasswordsScreen } from '../../../app/_screens/passwords-screen.tsx';
import { CharactersDrawer } from '../../../app/_ui/characters-drawer.tsx';
import { OpenStrip } from '../../../app/_ui/bars.tsx';
import { Shell } from '../../../app/_ui/shell.tsx';
import type { Place } from '../../../app/_ui/types.ts';
import { passwordText as text } from '../../../app/_text/passwords.ts';

const nothing = () => undefined;
const place: Place = innerWidth >= 1100 ? 'browser' : innerWidth >= 720 ? 'tablet' : 'phone';

const drawn = {
  words: [
    'copper-lantern-ninth-orbit-salad-thaw',
    'badge-velvet-humid-oyster-grit-mural',
    'sixth-anvil-pebble-tulip-raven-dough',
    'ledge-quartz-amble-fjord-spool-cider',
  ],
  characters: [
    't7Kq-Xe2m-V9fR-cB4w-hN6y',
    'Zp3d-9GvL-uT5s-Mx8k-Qa2j',
    'e6Wn-R4bY-kJ7h-Fz3t-Pc9s',
    'Hd8x-2mQv-Ln5T-y7Gf-Kw4r',
  ],
};

/** Not random at all: the same pictures every time. */
function picker(): PasswordPicker {
  let next = 12345;
  const made = new PasswordPicker({
    fill: (bytes) =>
      bytes.forEach((_, at) => {
        next = (next * 1103515245 + 12345) % 2147483648;
        bytes[at] = next >>> 16;
      }),
    words: () => new Promise(nothing),
    memory: { read: () => null, write: nothing },
  });
  made.start();
  return made;
}

interface Picture {
  readonly set?: (picker: PasswordPicker) => void;
  /** The design's own, or none. */
  readonly candidates?: readonly string[];
  readonly copied?: string;
  readonly paired?: boolean;
  readonly drawer?: boolean;
  readonly above?: ReactNode;
}

function Passwords({ set, candidates, copied, paired = true, drawer = false, above = null }: Picture) {
  const made = picker();
  set?.(made);
  const state = made.getSnapshot();
  const face = passwordFace(candidates === undefined ? state : { ...state, candidates });
  return (
    <Shell
      screen="passwords"
      homes={paired ? sample.homes('Closed', 'Answered 2 s ago') : []}
      {...(paired ? { current: 'attic', devices: 3 } : {})}
      line={text.made[place]}
      alone={{ href: '/', label: text.made[place] }}
      above={above}
    >
      <PasswordsScreen
        place={place}
        {...face}
        copied={copied ?? ''}
        justCopied={copied !== undefined}
        fresh=""
        acts={{
          kind: nothing,
          choose: nothing,
          length: nothing,
          set: nothing,
          rules: nothing,
          copy: nothing,
          more: nothing,
        }}
      />
      {drawer && (
        <CharactersDrawer
          from={state.set}
          rules={state.rulesText}
          verdict={face.verdict}
          refused={face.rulesRefused}
          onSet={nothing}
          onRules={nothing}
          onClose={nothing}
        />
      )}
    </Shell>
  );
}

const strip = <OpenStrip words="attic is open" left="3:36" busy={false} onClose={nothing} />;
const characters = (made: PasswordPicker) => made.setMode('characters');
const rules = (text: string) => (made: PasswordPicker) => {
  characters(made);
  made.setRules(text);
};

/** Passwords in every state; `pictures.tsx` shows them with the rest. */
export const passwordPictures: Readonly<Record<string, () => ReactNode>> = {
  passwords: () => <Passwords candidates={drawn.words} />,
  'passwords-characters': () => (
    <Passwords set={characters} candidates={drawn.characters} above={place === 'browser' ? null : strip} />
  ),
  'passwords-open': () => <Passwords candidates={drawn.words} above={place === 'browser' ? null : strip} />,
  'passwords-characters-shut': () => <Passwords set={characters} candidates={drawn.characters} />,
  'passwords-digits': () => <Passwords set={(made) => made.setMode('digits')} />,
  'passwords-shell-long': () => (
    <Passwords
      set={(made) => {
        characters(made);
        made.setSet('shell');
        made.setLength(64);
      }}
    />
  ),
  'passwords-copied': () => <Passwords candidates={drawn.words} copied={text.clears} />,
  'passwords-no-home': () => <Passwords candidates={drawn.words} paired={false} />,
  'passwords-before': () => <Passwords candidates={[]} paired={false} />,
  'passwords-which': () => <Passwords set={characters} candidates={drawn.characters} drawer />,
  'passwords-rules': () => (
    <Passwords
      set={rules('minlength: 12; maxlength: 24; required: lower; required: digit; allowed: [-_.]')}
      drawer
    />
  ),
  'passwords-rules-refused': () => (
    <Passwords set={rules('minlength: ten; required: lower')} candidates={drawn.characters} drawer />
  ),
  'passwords-refused': () => (
    <Passwords
      set={(made) => {
        rules('required: [a]; required: [b]; required: [c]; maxlength: 2')(made);
      }}
    />
  ),
};
