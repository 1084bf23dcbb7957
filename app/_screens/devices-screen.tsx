'use client';
import { CommandField } from '../_ui/controls.tsx';
import { Drawer } from '../_ui/drawer.tsx';
import { GoIcon, LaptopIcon, PhoneIcon, TabletIcon } from '../_ui/icons.tsx';
import type { DeviceRow, Place } from '../_ui/types.ts';
import { text } from '../_text/en.ts';

const words = text.devices;

const icons = { phone: PhoneIcon, tablet: TabletIcon, browser: LaptopIcon };

function KindIcon({ kind }: { kind: Place }) {
  const Icon = icons[kind];
  return <Icon />;
}

export interface DevicesScreenProps {
  readonly home: string;
  readonly place: Place;
  readonly devices: readonly DeviceRow[];
  /** Shown beside the table on wide screens. */
  readonly chosen?: string;
  readonly line?: string;
  readonly loading: boolean;
  readonly onChoose: (id: string) => void;
  readonly onAnother: () => void;
}

export function DevicesScreen(props: DevicesScreenProps) {
  const { home, place, devices, chosen } = props;
  return (
    <>
      <div className="title-row">
        <h1 className="title" tabIndex={-1}>
          {devices.length === 0 ? words.asking : words.title(devices.length)}
        </h1>
        <button
          type="button"
          className="btn devices-table-only"
          aria-haspopup="dialog"
          onClick={props.onAnother}
        >
          {words.another}
        </button>
      </div>
      <p className="lede small-lede devices-lede">
        <span className="phone-words">{words.lede(home)}</span>
        <span className="wide-words">{words.ledeWide(home)}</span>
      </p>
      {props.line !== undefined && <p className="sub pt-2">{props.line}</p>}
      <ul className="rows ruled devices-list">
        {devices.map((device) => (
          <li key={device.id}>
            <button
              type="button"
              className="row device-row"
              aria-haspopup="dialog"
              onClick={() => props.onChoose(device.id)}
            >
              <span className="dv">
                <KindIcon kind={device.kind} />
              </span>
              <span className="main">
                <span className="dn">
                  {device.name}
                  {device.self && <span className="thistag">{words.self[place]}</span>}
                </span>
                <span className="s num">
                  {device.waiting ? words.waiting : `${device.seen}. ${device.allowedWords}`}
                </span>
                <span className={`s num${device.open === undefined ? '' : ' brass b'}`}>
                  {device.open === undefined ? device.paired : words.hasOpen(device.openWords ?? device.open)}
                </span>
              </span>
              <GoIcon />
            </button>
          </li>
        ))}
      </ul>
      <table className="num devices-table">
        <thead>
          <tr>
            <th scope="col">{words.columns.device}</th>
            <th scope="col">{words.columns.seen}</th>
            <th scope="col">{words.columns.allowed}</th>
            <th scope="col">{words.columns.paired}</th>
            <th scope="col">{words.columns.open}</th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <tr key={device.id} className={device.id === chosen ? 'chosen' : ''}>
              <td>
                <button
                  type="button"
                  className="dcell"
                  aria-current={device.id === chosen ? 'true' : undefined}
                  onClick={() => props.onChoose(device.id)}
                >
                  <KindIcon kind={device.kind} />
                  <b>{device.name}</b>
                  {device.self && <span className="dim">{words.self[place]}</span>}
                </button>
              </td>
              <td>{device.waiting ? words.waiting : device.seenAt}</td>
              <td className="dim">{device.allowed}</td>
              <td>{device.pairedDate}</td>
              <td>
                {device.open === undefined ? words.none : <span className="brass b">{device.open}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="ruled-note devices-note devices-list">{words.decides(home)}</p>
      <div className="foot end devices-list">
        <button type="button" className="btn wide" aria-haspopup="dialog" onClick={props.onAnother}>
          {words.another}
        </button>
      </div>
      <p className="sub foot belongs devices-table-only">{words.belongs}</p>
    </>
  );
}

function Facts({ device }: { device: DeviceRow }) {
  return (
    <dl className="facts device-facts">
      <div>
        <dt>{words.factSeen}</dt>
        <dd className="num">{device.seenAt}</dd>
      </div>
      <div>
        <dt>{words.factPaired}</dt>
        <dd className="num">{device.pairedDate}</dd>
      </div>
      <div>
        <dt>{words.factAllowed}</dt>
        <dd>{device.allowed}</dd>
      </div>
      <div>
        <dt>{words.factOpen}</dt>
        <dd className="num">
          {device.open === undefined ? words.none : <span className="brass b">{device.open}</span>}
        </dd>
      </div>
      {device.sessions !== undefined && (
        <div>
          <dt>{words.factSessions}</dt>
          <dd className="num">
            <bdi>{device.sessions}</bdi>
          </dd>
        </div>
      )}
    </dl>
  );
}

interface OneDeviceProps {
  readonly home: string;
  readonly device: DeviceRow;
  readonly busy: boolean;
  readonly failed?: string;
  readonly onRevoke: () => void;
}

function revokeWords({ home, device }: OneDeviceProps): string {
  const main = words.revokeWhy(home, device.name, device.openDoors.join(', '));
  return device.self ? `${words.holding} ${main}` : main;
}

/** Phone: names the device as title and on the button; no second question. */
export function RevokeDrawer(props: OneDeviceProps & { onClose: () => void }) {
  const { device, busy, failed } = props;
  return (
    <Drawer
      title={device.name}
      lead={
        <span className="dv">
          <KindIcon kind={device.kind} />
        </span>
      }
      onClose={props.onClose}
    >
      <Facts device={device} />
      <p className="drawer-words ruled">{revokeWords(props)}</p>
      {failed !== undefined && (
        <p className="drawer-words b" role="alert">
          {failed}
        </p>
      )}
      <button type="button" className="btn harm wide" aria-disabled={busy} onClick={props.onRevoke}>
        {busy ? words.revoking : words.revoke(device.name)}
      </button>
    </Drawer>
  );
}

/** Desktop: the same in the side pane. */
export function DeviceSide(props: OneDeviceProps) {
  const { device, busy, failed } = props;
  return (
    <>
      <div className="flex items-center gap-3.5">
        <span className="dv">
          <KindIcon kind={device.kind} />
        </span>
        <h2 className="big">{device.name}</h2>
      </div>
      <Facts device={device} />
      <div className="foot stack">
        <p className="sub">{revokeWords(props)}</p>
        {failed !== undefined && (
          <p className="sub b ink" role="alert">
            {failed}
          </p>
        )}
        <button type="button" className="btn wide red" aria-disabled={busy} onClick={props.onRevoke}>
          {busy ? words.revoking : words.revoke(device.name)}
        </button>
      </div>
    </>
  );
}

export function AnotherDrawer({ onClose }: { onClose: () => void }) {
  return (
    <Drawer title={words.another} onClose={onClose}>
      <p className="drawer-words">{words.anotherWhy}</p>
      <CommandField command={text.firstRun.command} />
    </Drawer>
  );
}
