import { MarkIcon } from '../_ui/icons.tsx';
import { text } from '../_text/en.ts';

export function ErrorScreen() {
  return (
    <main className="plain-page">
      <MarkIcon size={64} />
      <h1 className="title">{text.missing.brokenTitle}</h1>
      <p className="lede">{text.missing.brokenLede}</p>
      <button type="button" className="btn fill" onClick={() => window.location.reload()}>
        {text.missing.reload}
      </button>
    </main>
  );
}
