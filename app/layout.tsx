import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { boot } from './_live/boot.ts';
import { text } from './_text/en.ts';
import { fontClasses } from './fonts.ts';
import './globals.css';

export const metadata: Metadata = {
  title: { default: text.app.name, template: text.app.titled('%s') },
  description: text.app.description,
  applicationName: text.app.name,
  manifest: '/manifest.webmanifest',
  icons: {
    icon: [
      { url: '/icon.svg', type: 'image/svg+xml' },
      { url: '/icon-192.png', sizes: '192x192', type: 'image/png' },
    ],
    apple: '/apple-touch-icon.png',
  },
  appleWebApp: { capable: true, title: text.app.name, statusBarStyle: 'default' },
  // Addresses and codes are no telephone numbers.
  formatDetection: { telephone: false, date: false, address: false, email: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#E7EBEA' },
    { media: '(prefers-color-scheme: dark)', color: '#0C1218' },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" dir="ltr" className={fontClasses} suppressHydrationWarning>
      <head>
        <script id="boot" dangerouslySetInnerHTML={{ __html: `(${boot.toString()})()` }} />
      </head>
      <body>
        <div id="page">{children}</div>
      </body>
    </html>
  );
}
