import path from 'node:path';
import { Journal, journalFile, type PieceLine, type RunRecord, type UploadedLine } from './journal.ts';
import type { Known } from './known.ts';
import { leftOut } from './left-out.ts';
import { partBytesFor, partsOf, sendParts } from './send-parts.ts';
import { UploadKnown } from './upload-known.ts';
import type { Arrived, PieceToUpload, UploadTarget } from './upload-target.ts';

/**
 * Staged pieces → Glacier. What is there is written down before the next piece begins, and what a crash left unsaid is
 * asked: nothing goes twice, and nothing is taken for gone that has not arrived.
 */

export interface UploadOptions {
  /** Finished runs, the oldest first. */
  readonly runs: readonly RunRecord[];
  /** Where runs lie: STAGING/complete. */
  readonly complete: string;
  readonly journals: string;
  readonly target: UploadTarget;
  /** The home's catalogue: what is in it is left out, what arrives is told to it. Absent: all of it is sent. */
  readonly known?: Known;
  /** What is left out otherwise is sent, too. */
  readonly again?: boolean;
  /** Before the first is sent: every piece of the runs that are not all there. */
  readonly onPlan?: (pieces: readonly PlannedPiece[]) => void;
  readonly onProgress?: (progress: UploadProgress) => void;
  /** A piece has arrived, and the journal says so. */
  readonly onArrived?: (piece: PieceToUpload, arrived: Arrived) => Promise<void> | void;
  /** What is wrong and keeps nobody from sending. */
  readonly onNote?: (note: string) => void;
  /** Asked before each part: true, and the upload ends when the parts under way are there. */
  readonly pause?: () => boolean;
  readonly now?: () => number;
}

export interface PlannedPiece {
  readonly run: RunRecord['run'];
  readonly name: string;
  readonly size: number;
  readonly parts: number;
  /** `kept`: sent before. `there`: left out, since the target has it otherwise. */
  readonly state: 'waiting' | 'kept' | 'there';
}

export interface UploadProgress {
  /** Of the piece under way: its place in the plan. */
  readonly at: number;
  readonly piece: string;
  /** Its parts that are there. */
  readonly parts: number;
  /** It is finished, and the journal says so. */
  readonly kept: boolean;
  readonly pieces: number;
  readonly ofPieces: number;
  readonly bytes: number;
  readonly ofBytes: number;
}

export interface Uploaded {
  /** Now, and before. */
  readonly pieces: number;
  readonly before: number;
  readonly bytes: number;
  /** Left out now. */
  readonly there: number;
  /** There was a pause, and something is left. */
  readonly paused: boolean;
}

interface Waiting {
  readonly record: RunRecord;
  readonly piece: PieceLine;
  /** Its place in the plan. */
  readonly at: number;
}

/** Throws `archives-*`: then what arrived is in the journals, and the next call goes on. */
export async function upload(options: UploadOptions): Promise<Uploaded> {
  const { target, runs, known, onPlan, onProgress, onNote = () => undefined, pause = () => false } = options;
  const catalogue = new UploadKnown(known, target, onNote);
  await catalogue.tellAgain(runs);
  const all = runs.reduce((sum, { pieces }) => sum + pieces.size, 0);
  const { planned, waiting, there } = await plan(options, catalogue);
  onPlan?.(planned);
  const ofPieces = waiting.length;
  const ofBytes = waiting.reduce((sum, { piece }) => sum + piece.size, 0);
  let [pieces, bytes] = [0, 0];
  for (const { record, piece, at } of waiting) {
    const say = (done: number, parts: number, kept = false) =>
      onProgress?.({ at, piece: piece.name, parts, kept, pieces, ofPieces, bytes: bytes + done, ofBytes });
    say(0, 0);
    if (!(await uploadOne({ ...options, pause, catalogue, record, piece, say }))) break;
    pieces += 1;
    bytes += piece.size;
    say(0, partsOf(piece.size), true);
  }
  return { pieces, before: all - ofPieces - there, bytes, there, paused: pieces < ofPieces };
}

/** What is left out is written down here, and so asked once. */
async function plan(options: UploadOptions, catalogue: UploadKnown) {
  const { runs, target, journals, again = false, now = Date.now } = options;
  const planned: PlannedPiece[] = [];
  const waiting: Waiting[] = [];
  let there = 0;
  for (const record of runs) {
    const kept = (name: string): UploadedLine | undefined => {
      const line = record.uploaded.get(`${target.key} ${name}`);
      return again && line?.there === true ? undefined : line;
    };
    const left = [...record.pieces.values()].filter(({ name }) => kept(name) === undefined);
    if (left.length === 0) continue;
    const out = again ? undefined : await leftOut(record, left, (piece) => catalogue.there(piece));
    if (out !== undefined && out.size > 0) {
      const journal = new Journal(journalFile(journals, record.run.run));
      for (const [name, { vault, id }] of out) {
        const line = { type: 'uploaded', name, target: target.key, vault, archive: id, at: now() } as const;
        journal.append({ ...line, there: true });
      }
      journal.close();
      there += out.size;
    }
    for (const piece of record.pieces.values()) {
      const { name, size } = piece;
      const before = kept(name);
      const isThere = out?.has(name) === true || before?.there === true;
      const state = isThere ? 'there' : before === undefined ? 'waiting' : 'kept';
      if (state === 'waiting') waiting.push({ record, piece, at: planned.length });
      planned.push({ run: record.run, name, size, parts: partsOf(size), state });
    }
  }
  return { planned, waiting, there };
}

interface One extends UploadOptions {
  readonly record: RunRecord;
  readonly piece: PieceLine;
  readonly pause: () => boolean;
  readonly catalogue: UploadKnown;
  readonly say: (bytes: number, parts: number) => void;
}

/** False where a pause left parts behind. */
async function uploadOne(one: One): Promise<boolean> {
  const { record, piece, target, pause, say, now = Date.now } = one;
  const { name, size, treeHash } = piece;
  const { run } = record.run;
  const sent: PieceToUpload = { name: `${run}/${name}`, size, treeHash };
  const before = record.uploading.get(`${target.key} ${name}`)?.uploadId;
  const journal = new Journal(journalFile(one.journals, run));
  try {
    if (pause()) return false;
    let arrived = await target.find(sent, before);
    if (arrived === undefined) {
      const partBytes = partBytesFor(size);
      const begun = await target.begin(sent, partBytes, before);
      if (begun.uploadId !== before)
        journal.append({ type: 'uploading', name, target: target.key, uploadId: begun.uploadId });
      const isWhole = await sendParts({
        path: path.join(one.complete, run, name),
        piece,
        partBytes,
        pause,
        say,
        send: async (part) => {
          if (!begun.has(part)) await target.put(sent, begun.uploadId, part);
        },
      });
      if (!isWhole) return false;
      arrived = await target.finish(sent, begun.uploadId);
    }
    const line = { type: 'uploaded', name, target: target.key, ...arrived, at: now() } as const;
    journal.append(line);
    await one.catalogue.arrived(run, piece, line);
    await one.onArrived?.(sent, arrived);
    return true;
  } finally {
    journal.close();
  }
}
