import type { Metadata } from 'next';
import { PasswordsLive } from '../_live/passwords-live.tsx';
import { passwordText } from '../_text/passwords.ts';

export const metadata: Metadata = { title: passwordText.title };

export default function PasswordsPage() {
  return <PasswordsLive />;
}
