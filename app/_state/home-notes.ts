import type { CheckResult } from '../../lib/checks.ts';
import type { KeptNotes } from './platform.ts';

/** What was set aside is forgotten after the newest so many. */
const mostSettled = 200;

/** `keep`: what is to be there when the page is opened again. */
export interface NotesParts {
  readonly kept: KeptNotes | undefined;
  readonly keep: (notes: KeptNotes) => void;
}

const none: KeptNotes = { findings: [], settled: [] };

/**
 * What this device remembers of a home beside its doors: which findings its checks had, since when and whether a
 * person saw them, and which events were looked at and set aside.
 */
export class HomeNotes {
  private readonly parts: NotesParts;
  private notes: KeptNotes;

  constructor(parts: NotesParts) {
    this.parts = parts;
    this.notes = parts.kept ?? none;
  }

  get settled(): readonly number[] {
    return this.notes.settled;
  }

  get findings(): KeptNotes['findings'] {
    return this.notes.findings;
  }

  /** When the home last looked at itself, Unix ms; undefined: it never said. */
  get lookedAt(): number | undefined {
    return this.notes.lookedAt;
  }

  /** Replaces what was known: a finding that is gone and comes back is new again. */
  looked(checks: readonly CheckResult[], lookedAt: number): void {
    const before = new Map(this.notes.findings.map((finding) => [finding.key, finding]));
    const keys = checks.flatMap((check) => (check.state === 'finding' ? [findingKey(check)] : []));
    const findings = [...new Set(keys)].map(
      (key) => before.get(key) ?? { key, since: lookedAt, seen: false },
    );
    this.write({ ...this.notes, lookedAt, findings });
  }

  /** A person has the findings before them. */
  saw(): void {
    if (this.notes.findings.every(({ seen }) => seen)) return;
    this.write({ ...this.notes, findings: this.notes.findings.map((one) => ({ ...one, seen: true })) });
  }

  settle(event: number): void {
    if (this.notes.settled.includes(event)) return;
    const settled = [...this.notes.settled, event].sort((a, b) => a - b).slice(-mostSettled);
    this.write({ ...this.notes, settled });
  }

  private write(notes: KeptNotes): void {
    this.notes = notes;
    this.parts.keep(notes);
  }
}

function findingKey({ code, door }: CheckResult): string {
  return door === undefined ? code : `${code} ${door}`;
}
