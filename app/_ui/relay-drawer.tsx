import { Drawer } from './drawer.tsx';
import { text } from '../_text/en.ts';

/** What the quiet line leads to, in full. */
export function RelayDrawer({ onClose }: { onClose: () => void }) {
  return (
    <Drawer title={text.relay.title} onClose={onClose}>
      <p className="sub proof-lede">{text.relay.lede}</p>
      <ul className="rows ruled relay-points">
        {text.relay.points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
      <p className="ruled-note">{text.relay.close}</p>
    </Drawer>
  );
}
