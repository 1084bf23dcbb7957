import type { ComponentType } from 'react';
import { ActivityLive } from './activity-live.tsx';
import { ArchivesPage } from './archives-page.tsx';
import { BansLive } from './bans-live.tsx';
import { ChecksLive } from './checks-live.tsx';
import { DevicesLive } from './devices-live.tsx';
import { DoorsLive } from './doors-live.tsx';
import { PairLive } from './pair-live.tsx';
import { PasswordsLive } from './passwords-live.tsx';
import { SettingsLive } from './settings-live.tsx';
import { passwordText } from '../_text/passwords.ts';
import { checksText } from '../_text/checks.ts';
import { text } from '../_text/en.ts';

export interface RouteEntry {
  /** Before the app's name; absent: that name alone. */
  readonly title?: string;
  readonly Screen: ComponentType;
  /** Draws before storage is read. */
  readonly atOnce?: boolean;
}

/** Every screen of the app, by its path: what Next exports as pages, too. */
export const routes: Readonly<Record<string, RouteEntry>> = {
  '/': { Screen: DoorsLive },
  '/bans': { title: text.nav.bans, Screen: BansLive },
  '/activity': { title: text.activity.title, Screen: ActivityLive },
  '/passwords': { title: passwordText.title, Screen: PasswordsLive, atOnce: true },
  '/archives': { title: text.nav.archives, Screen: ArchivesPage },
  '/checks': { title: checksText.title, Screen: ChecksLive },
  '/devices': { title: text.devices.asking, Screen: DevicesLive },
  '/settings': { title: text.settings.title, Screen: SettingsLive },
  '/pair': { title: text.pairing.step, Screen: PairLive },
};
