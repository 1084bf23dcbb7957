'use client';
import { Link } from '../_ui/link.tsx';
import { useState } from 'react';
import { Drawer } from '../_ui/drawer.tsx';
import { Segments, Switch } from '../_ui/controls.tsx';
import { GoIcon } from '../_ui/icons.tsx';
import { RelayDrawer } from '../_ui/relay-drawer.tsx';
import type { Place } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.settings;

export interface SettingsScreenProps {
  readonly place: Place;
  readonly home?: {
    readonly name: string;
    readonly relay: string;
    readonly device: string;
    readonly devices?: number;
    /** Findings of the last check; absent: not checked in this page's life, or not all seen. */
    readonly toLookAt?: number;
  };
  readonly openBy: 'hold' | 'twice';
  readonly seconds: number;
  readonly theme: 'system' | 'light' | 'dark';
  readonly singleKeys: boolean;
  readonly version: string;
  readonly onOpenBy: (value: 'hold' | 'twice') => void;
  readonly onSeconds: (value: number) => void;
  readonly onTheme: (value: 'system' | 'light' | 'dark') => void;
  readonly onSingleKeys: (value: boolean) => void;
  readonly onForget: () => void;
}

const minutes = [1, 5, 15, 60] as const;

export function SettingsScreen(props: SettingsScreenProps) {
  const { place, home } = props;
  const [drawer, setDrawer] = useState<'none' | 'relay' | 'forget'>('none');
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {words.title}
      </h1>
      <div className="cols">
        {home !== undefined && (
          <section>
            <h2 className="grp">{home.name}</h2>
            <Link className="nav-row" href="/checks">
              <span>{words.checks}</span>
              <span className={home.toLookAt ? 'v num b ink' : 'v'}>
                {home.toLookAt === undefined ? '' : words.toLookAt(home.toLookAt)}
              </span>
              <GoIcon />
            </Link>
            <Link className="nav-row" href="/devices">
              <span>{words.devices}</span>
              <span className="v num">{home.devices ?? ''}</span>
              <GoIcon />
            </Link>
            <button
              type="button"
              className="nav-row"
              aria-haspopup="dialog"
              onClick={() => setDrawer('relay')}
            >
              <span>{words.relay}</span>
              <span className="v">
                <span className="mono">{home.relay}</span>
              </span>
              <GoIcon />
            </button>
            <div className="nav-row">
              <span>{words.knownAs[place]}</span>
              <span className="v">{home.device}</span>
            </div>
            <button
              type="button"
              className="nav-row red b"
              aria-haspopup="dialog"
              onClick={() => setDrawer('forget')}
            >
              {words.forget(home.name)}
            </button>
          </section>
        )}
        <section className="mine">
          <h2 className="grp">{words.place[place]}</h2>
          <div className="nav-row with-seg">
            <span>{words.openBy}</span>
            <Segments
              className="settings-seg"
              label={words.openBy}
              value={props.openBy}
              choices={[
                { value: 'hold', words: words.hold },
                { value: 'twice', words: words.twice[place] },
              ]}
              onChange={props.onOpenBy}
            />
          </div>
          <div className="nav-row with-seg">
            <span>{words.opensFor}</span>
            <Segments
              className="settings-seg"
              label={words.opensFor}
              value={props.seconds / 60}
              choices={minutes.map((value, i) => ({
                value,
                words: i === minutes.length - 1 ? `${value} ${text.dial.unit}` : String(value),
                spoken: text.dial.minutes(value),
                ...(i === minutes.length - 1 ? {} : { unit: text.dial.unit }),
              }))}
              onChange={(value) => props.onSeconds(value * 60)}
            />
          </div>
          <div className="nav-row with-seg">
            <span>{words.theme}</span>
            <Segments
              className="settings-seg"
              label={words.theme}
              value={props.theme}
              choices={(['system', 'light', 'dark'] as const).map((value) => ({
                value,
                words: words.themes[value],
              }))}
              onChange={props.onTheme}
            />
          </div>
          <div className="nav-row tall wide-only">
            <span>
              {words.singleKeys}
              <span className="sub block" id="single-keys">
                <kbd>{words.singleKeysO}</kbd>
                {words.singleKeysThen}
                <kbd>{words.singleKeysEnter}</kbd>
                {words.singleKeysOpens}
                <kbd>{words.singleKeysC}</kbd>
                {words.singleKeysCloses}
              </span>
            </span>
            <Switch
              label={words.singleKeys}
              describedBy="single-keys"
              on={props.singleKeys}
              onChange={props.onSingleKeys}
            />
          </div>
        </section>
      </div>
      <section className="settings-about">
        <h2 className="grp">{words.app}</h2>
        <div className="nav-row">
          <span>{words.about}</span>
          <span className="v num">{props.version}</span>
        </div>
        <button type="button" className="nav-row" aria-haspopup="dialog" onClick={() => setDrawer('relay')}>
          <span>{words.relayCan}</span>
          <span className="v" />
          <GoIcon />
        </button>
      </section>
      <section className="settings-end foot">
        <span className="sub self-center">
          {words.app} <span className="num">{props.version}</span>
        </span>
        <button type="button" className="link sub" aria-haspopup="dialog" onClick={() => setDrawer('relay')}>
          {words.relayCan}
        </button>
      </section>
      {drawer === 'relay' && <RelayDrawer onClose={() => setDrawer('none')} />}
      {drawer === 'forget' && home !== undefined && (
        <Drawer title={words.forgetTitle(home.name)} onClose={() => setDrawer('none')}>
          <p className="drawer-words">{words.forgetWhy(home.name, place)}</p>
          <button
            type="button"
            className="btn harm wide"
            onClick={() => {
              setDrawer('none');
              props.onForget();
            }}
          >
            {words.forget(home.name)}
          </button>
        </Drawer>
      )}
    </>
  );
}
