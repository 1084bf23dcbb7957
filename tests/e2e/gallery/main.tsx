import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { asked, pictures } from './pictures.tsx';

/** One picture, named in the address's fragment; `?theme=dark` as the setting would. */
const root = document.getElementById('root');
const draw = pictures[location.hash.slice(1)];
const theme = new URLSearchParams(location.search).get('theme');
if (theme !== null) document.documentElement.dataset['theme'] = theme;
if (root !== null && draw !== undefined) {
  createRoot(root).render(<StrictMode>{draw()}</StrictMode>);
}
Object.assign(window, { asked });
