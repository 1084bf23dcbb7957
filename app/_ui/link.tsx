'use client';
import type { ComponentProps, MouseEvent } from 'react';
import { route } from './route.ts';

/** With a key held, or another button, the browser does what it always does. */
function isPlain(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** A link within the app: the session goes on. Before the page's script runs it is an ordinary link. */
export function Link({ href, onClick, ...props }: ComponentProps<'a'> & { href: string }) {
  return (
    <a
      {...props}
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlain(event)) return;
        event.preventDefault();
        route.go(href);
      }}
    />
  );
}
