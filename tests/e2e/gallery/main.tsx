import { Fragment } from 'react';
import { render } from 'preact';
import { asked, pictures } from './pictures.tsx';

declare global {
  interface Window {
    /** Draws a picture anew. */
    show: (name: string) => void;
    /** Every act that the screens asked for, in order. */
    asked: string[];
    names: string[];
  }
}

const element = document.getElementById('root');
if (element !== null) {
  let shown = 0;
  window.show = (name) => {
    asked.length = 0;
    shown += 1;
    render((<Fragment key={shown}>{pictures[name]?.()}</Fragment>) as Parameters<typeof render>[0], element);
  };
  window.asked = asked;
  window.names = Object.keys(pictures);
  window.show(location.hash.slice(1));
}
