import { Dial } from '../_ui/dial.tsx';
import { text } from '../_text/en.ts';

/** Doors until storage is read: the place of everything, and nothing claimed. */
export function WaitingScreen() {
  return (
    <div className="door-screen">
      <div className="stage">
        <div className="headline">
          <h1 className="state dim">{text.door.askingTitle}</h1>
          <p className="lede">{text.door.waitingLede}</p>
        </div>
        <div className="dial-wrap">
          <Dial look="off" turn="upright" lit={0} ring="rest" />
        </div>
        <div className="under" />
      </div>
    </div>
  );
}
