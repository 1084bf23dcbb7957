import { CommandField } from '../_ui/controls.tsx';
import { text } from '../_text/en.ts';

/** Home answers and has no door. */
export function NoDoorsScreen({ home }: { home: string }) {
  return (
    <>
      <h1 className="title" tabIndex={-1}>
        {text.door.noDoors(home)}
      </h1>
      <p className="lede near pb-3">{text.door.noDoorsRemedy}</p>
      <CommandField command={text.door.noDoorsCommand} />
    </>
  );
}
