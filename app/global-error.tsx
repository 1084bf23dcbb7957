'use client';
import ErrorPage from './error.tsx';
import { fontClasses } from './fonts.ts';
import './globals.css';

export default function GlobalErrorPage() {
  return (
    <html lang="en" className={fontClasses}>
      <body>
        <ErrorPage />
      </body>
    </html>
  );
}
