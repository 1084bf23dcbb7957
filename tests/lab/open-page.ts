import { createInterface } from 'node:readline';
import type { Opened } from '../../lib/client/opening.ts';
import type { DoorView, EventView } from '../../lib/protocol/message.ts';
import { Refusal } from './driver-host.ts';
import type { Space } from './space.ts';
import { built } from '../support/built.ts';

const script = built(new URL('open-page-process.ts', import.meta.url));

/** A device whose app stays open: one session, told of every change. */
export interface OpenPage {
  /** Hold and release, without the hold. Rejects with `code`. */
  open(door: string, seconds?: number): Promise<Opened>;
  close(door: string): Promise<DoorView>;
  doors(): Promise<DoorView[]>;
  /** Every view of a door that the home told, in order, with the time by the wall's clock. */
  told(door: string, since?: number): { readonly view: DoorView; readonly at: number }[];
  /** Its states in order, without repetitions. */
  states(door: string, since?: number): string[];
  /** Kinds of what home told that happened to a door, in order. */
  events(door: string, since?: number): string[];
}

interface Line {
  readonly ready?: true;
  readonly doors?: DoorView[];
  readonly event?: EventView;
  readonly at?: number;
  readonly id?: number;
  readonly result?: unknown;
  readonly code?: string;
}

export async function startOpenPage(at: Space, link: string, name: string): Promise<OpenPage> {
  const child = at.spawn(process.execPath, [script, link, name]);
  const waiting = new Map<number, (line: Line) => void>();
  const views = new Map<string, { view: DoorView; at: number }[]>();
  const happened: { event: EventView; at: number }[] = [];
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  const closed = new Promise<never>((_, reject) =>
    child.once('close', () => {
      const error = new Error(`the device ended: ${complaint}`);
      for (const done of waiting.values()) done({ code: String(error) });
      reject(error);
    }),
  );
  closed.catch(() => undefined);
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      if (line.ready === true) resolve();
      for (const view of line.doors ?? []) {
        const told = views.get(view.name) ?? [];
        told.push({ view, at: line.at ?? 0 });
        views.set(view.name, told);
      }
      if (line.event !== undefined) happened.push({ event: line.event, at: line.at ?? 0 });
      if (line.id !== undefined) waiting.get(line.id)?.(line);
    });
  });
  await Promise.race([ready, closed]);

  const told: OpenPage['told'] = (door, since = 0) => (views.get(door) ?? []).filter(({ at }) => at > since);
  let asked = 0;
  function ask<T>(request: object): Promise<T> {
    const id = ++asked;
    return new Promise((resolve, reject) => {
      waiting.set(id, (line) => {
        waiting.delete(id);
        if (line.code === undefined) resolve(line.result as T);
        else reject(new Refusal(line.code, line.code));
      });
      child.stdin.write(`${JSON.stringify({ ...request, id })}\n`);
    });
  }
  return {
    open: (door, seconds) => ask({ verb: 'open', door, seconds }),
    close: (door) => ask({ verb: 'close', door }),
    doors: () => ask({ verb: 'doors' }),
    told,
    states: (door, since) =>
      told(door, since)
        .map(({ view }) => view.state)
        .filter((state, i, all) => state !== all[i - 1]),
    events: (door, since = 0) =>
      happened.filter(({ event, at }) => event.door === door && at > since).map(({ event }) => event.kind),
  };
}
