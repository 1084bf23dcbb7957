import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
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
  const root = createRoot(element);
  let shown = 0;
  window.show = (name) => {
    asked.length = 0;
    shown += 1;
    root.render(<StrictMode key={shown}>{pictures[name]?.()}</StrictMode>);
  };
  window.asked = asked;
  window.names = Object.keys(pictures);
  window.show(location.hash.slice(1));
}
