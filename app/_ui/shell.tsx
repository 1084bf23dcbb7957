'use client';
import { Link } from './link.tsx';
import { useState, type ReactNode } from 'react';
import { Drawer } from './drawer.tsx';
import { HomesDrawer } from './homes-drawer.tsx';
import {
  ActivityIcon,
  ArchivesIcon,
  BackIcon,
  BansIcon,
  DevicesIcon,
  DoorsIcon,
  DownIcon,
  MarkIcon,
  PasswordsIcon,
  SettingsIcon,
} from './icons.tsx';
import { KeyBit } from './key-picture.tsx';
import type { HomeHead } from './types.ts';
import { text } from '../_text/en.ts';

export type Screen =
  | 'doors'
  | 'bans'
  | 'activity'
  | 'passwords'
  | 'archives'
  | 'settings'
  | 'devices'
  | 'checks'
  | 'pair'
  | 'none';

const screens = [
  { screen: 'doors', href: '/', label: text.nav.doors, Icon: DoorsIcon },
  { screen: 'bans', href: '/bans', label: text.nav.bans, Icon: BansIcon },
  { screen: 'activity', href: '/activity', label: text.nav.activity, Icon: ActivityIcon },
  { screen: 'passwords', href: '/passwords', label: text.nav.passwords, Icon: PasswordsIcon },
  { screen: 'archives', href: '/archives', label: text.nav.archives, Icon: ArchivesIcon },
] as const;
const own = [
  { screen: 'devices', href: '/devices', label: text.nav.devices, Icon: DevicesIcon },
  { screen: 'settings', href: '/settings', label: text.nav.settings, Icon: SettingsIcon },
] as const;

export interface ShellProps {
  readonly screen: Screen;
  readonly homes: readonly HomeHead[];
  readonly current?: string;
  readonly devices?: number;
  /** Findings in Checks: a dot on Settings. */
  readonly toLookAt?: number;
  /** How many addresses are banned. */
  readonly bans?: number;
  /** Phone and tablet: a way back instead of the home button. */
  readonly back?: {
    readonly href: string;
    readonly label: string;
    readonly count?: string;
    /** In place of going there: a view within the screen is left. */
    readonly onBack?: () => void;
  };
  /** The same where there is no home to have a button. */
  readonly alone?: { readonly href: string; readonly label: string };
  /** In the header, in place of what the home last said. */
  readonly line?: string;
  readonly side?: ReactNode;
  readonly narrowSide?: boolean;
  /** Above the tabs: an open door, something to undo, an update. */
  readonly above?: ReactNode;
  /** Without tabs: pairing. */
  readonly bare?: boolean;
  /** Storage is not read yet: nothing is claimed. */
  readonly blank?: boolean;
  /** Stands on the exported page for the home that storage is read for; shown where boot() knows of one. */
  readonly waits?: boolean;
  /** Is there before storage is read. */
  readonly atOnce?: boolean;
  readonly mainClass?: string;
  readonly onHome?: (id: string) => void;
  readonly children: ReactNode;
}

/** What depends on a home stands for both cases, and styles show one. */
function isUnsure({ blank = false, atOnce = false }: ShellProps): boolean {
  return blank && atOnce;
}

export function Shell(props: ShellProps) {
  const { screen, homes, current, side, bare = false, blank = false, waits = false } = props;
  const home = homes.find((each) => each.id === current) ?? homes[0];
  const back: ShellProps['back'] = props.back ?? (home === undefined ? props.alone : undefined);
  const [switching, setSwitching] = useState(false);
  const unsure = isUnsure(props);
  const paired = waits || unsure || homes.length > 0;
  return (
    <div
      className={`app${waits ? ' waits' : ''}${unsure ? ' at-once' : ''}${side === undefined ? '' : ' with-side'}${props.narrowSide === true ? ' narrow-side' : ''}`}
    >
      <Rail {...props} />
      <div className="body">
        {back !== undefined && (
          <header className={`head back${unsure ? ' if-unpaired' : ''}`}>
            <Link
              className="icon-btn"
              href={back.href}
              aria-label={text.nav.back}
              onClick={(event) => {
                if (back.onBack === undefined) return;
                event.preventDefault();
                back.onBack();
              }}
            >
              <BackIcon />
            </Link>
            <span className="sub where">{back.label}</span>
            {back.count !== undefined && <span className="sub num count">{back.count}</span>}
          </header>
        )}
        {(back === undefined || unsure) && (
          <header className={`head${unsure ? ' if-paired' : ''}`}>
            {unsure ? (
              <span className="home">
                <span className="bit" />
                <span>
                  <span className="name">&nbsp;</span>
                  <span className="sub num">{props.line}</span>
                </span>
              </span>
            ) : home === undefined ? (
              <span className="wordmark">
                {!blank && (
                  <>
                    <MarkIcon /> {text.app.name}
                  </>
                )}
              </span>
            ) : (
              <button
                type="button"
                className="home"
                aria-haspopup="dialog"
                aria-label={text.home.button(home.name, props.line ?? home.line)}
                onClick={() => setSwitching(true)}
              >
                <KeyBit homeKey={home.key} />
                <span>
                  <span className="name">
                    {home.name} <DownIcon small />
                  </span>
                  <span className="sub num">{props.line ?? home.line}</span>
                </span>
              </button>
            )}
            <Link className="icon-btn to-settings" href="/settings" aria-label={settingsWords(props)}>
              <Dotted on={dotted(props)} />
            </Link>
          </header>
        )}
        <main className={`screen ${back === undefined ? '' : 'under-back'} ${props.mainClass ?? ''}`}>
          {props.children}
        </main>
        <div className="below">
          {props.above}
          {paired && !bare && <Tabs screen={screen} unsure={unsure} />}
        </div>
      </div>
      {side !== undefined && <aside className="side">{side}</aside>}
      {switching && (
        <HomesDrawer
          homes={homes}
          {...(home === undefined ? {} : { current: home.id })}
          onClose={() => setSwitching(false)}
          onHome={(id) => {
            setSwitching(false);
            props.onHome?.(id);
          }}
        />
      )}
    </div>
  );
}

function dotted({ toLookAt = 0 }: ShellProps): boolean {
  return toLookAt > 0;
}

function settingsWords({ toLookAt = 0 }: ShellProps): string {
  return toLookAt > 0 ? text.nav.settingsWith(toLookAt) : text.nav.settings;
}

/** The dot is the only thing that nags; its words are the link's name. */
function Dotted({ on }: { on: boolean }) {
  return (
    <span className="dotted">
      <SettingsIcon />
      {on && <span className="attention" />}
    </span>
  );
}

function Tabs({ screen, unsure }: { screen: Screen; unsure: boolean }) {
  const [all, setAll] = useState(false);
  const now = [...screens, ...own].find((each) => each.screen === screen);
  return (
    <>
      <nav className={`tabs${unsure ? ' if-paired' : ''}`} aria-label={text.nav.main}>
        {screens.map(({ screen: name, href, label, Icon }) => (
          <Link key={name} href={href} aria-current={name === screen ? 'page' : undefined}>
            <Icon />
            <span>{label}</span>
          </Link>
        ))}
      </nav>
      <nav className={`bigtabs${unsure ? ' if-paired' : ''}`} aria-label={text.nav.main}>
        {now !== undefined && (
          <>
            <now.Icon />
            <span aria-current="page">{now.label}</span>
          </>
        )}
        <button type="button" aria-haspopup="dialog" onClick={() => setAll(true)}>
          {text.nav.all}
        </button>
      </nav>
      {all && (
        <Drawer title={text.nav.all} onClose={() => setAll(false)}>
          <ul className="rows">
            {[...screens, ...own].map(({ screen: name, href, label, Icon }) => (
              <li key={name}>
                <Link
                  className="row no-underline"
                  href={href}
                  aria-current={name === screen ? 'page' : undefined}
                  onClick={() => setAll(false)}
                >
                  <Icon />
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </Drawer>
      )}
    </>
  );
}

function Rail(props: ShellProps) {
  const { screen, homes, current, devices, bans, blank, waits = false, onHome } = props;
  const unsure = isUnsure(props);
  const paired = waits || homes.length > 0;
  const home = homes.find((each) => each.id === current) ?? homes[0];
  return (
    <aside className="rail" aria-label={text.app.name}>
      <div className="brand">
        <MarkIcon size={40} />
        <span>{text.app.name}</span>
      </div>
      <div className="homes" role="group" aria-label={text.home.homes}>
        {!paired && (
          <p className="sub">
            {blank === true ? (
              '\u00a0'
            ) : screen === 'none' ? (
              text.home.none
            ) : (
              <Link href="/">{text.home.none}</Link>
            )}
          </p>
        )}
        {homes.map((each) => (
          <button
            key={each.id}
            type="button"
            aria-pressed={each.id === home?.id}
            onClick={() => onHome?.(each.id)}
          >
            <KeyBit homeKey={each.key} />
            <span>
              <span className="name">{each.name}</span>
              <span className={`sub num${each.open ? ' brass b' : ''}`}>{each.state}</span>
            </span>
          </button>
        ))}
      </div>
      <nav aria-label={text.nav.main}>
        {screens
          .filter(({ screen: name }) => paired || unsure || name === 'passwords')
          .map(({ screen: name, href, label, Icon }) => (
            <Link
              key={name}
              href={href}
              aria-current={name === screen ? 'page' : undefined}
              className={unsure && name !== 'passwords' ? 'if-paired' : ''}
            >
              <Icon />
              {label}
              {name === 'bans' && bans !== undefined && <span className="n num">{bans}</span>}
            </Link>
          ))}
      </nav>
      <nav className="foot" aria-label={text.nav.app}>
        {own
          .filter(({ screen: name }) => paired || name === 'settings')
          .map(({ screen: name, href, label, Icon }) => (
            <Link
              key={name}
              href={href}
              aria-current={name === screen ? 'page' : undefined}
              aria-label={name === 'settings' && dotted(props) ? settingsWords(props) : undefined}
            >
              {name === 'settings' ? <Dotted on={dotted(props)} /> : <Icon />}
              {label}
              {name === 'devices' && devices !== undefined && <span className="n num">{devices}</span>}
            </Link>
          ))}
      </nav>
    </aside>
  );
}
