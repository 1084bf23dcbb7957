/** One number of the product beside what people would use instead. One file a figure, in figures/. */
export interface Figure {
  /** e.g. 'open.warm'. */
  readonly name: string;
  readonly unit: 'ms' | '1/s' | 'passwords/s' | 'MB/s' | 'MB' | 'KB';
  readonly better: 'less' | 'more';
  /** How often, in `npm run bench`. */
  readonly rounds: number;
  /** Measured first and thrown away (default 2). */
  readonly warmUp?: number;
  prepare(): Promise<Contest>;
}

/** Each round calls ours and every peer once, so that a busy moment of the machine meets them all. */
export interface Contest {
  /** One value in the figure's unit. A rejection fails the figure: no try is left out. */
  ours(): Promise<number>;
  readonly peers: Readonly<Record<string, () => Promise<number>>>;
  /** What the machine itself allows, measured beside ours. */
  floor?(): Promise<number>;
  done(): Promise<void>;
}

export interface Reported {
  readonly name: string;
  readonly unit: string;
  /** Median. */
  readonly value: number;
  readonly spread: readonly [min: number, max: number];
  readonly n: number;
  /** ratio: how many times better ours is; below 1 it is worse. */
  readonly peers: readonly { readonly name: string; readonly value: number; readonly ratio: number }[];
  readonly floor?: number;
}

export async function measure(figure: Figure): Promise<Reported> {
  const contest = await figure.prepare();
  try {
    const runners = new Map(
      Object.entries({ ...contest.peers, ...(contest.floor && { floor: contest.floor }) }),
    );
    const values = new Map<string, number[]>([...runners.keys()].map((name) => [name, []]));
    const ours: number[] = [];
    const warmUp = figure.warmUp ?? 2;
    for (let round = 0; round < figure.rounds + warmUp; round++) {
      const counts = round >= warmUp;
      const value = await contest.ours();
      if (counts) ours.push(value);
      for (const [name, run] of runners) {
        const peer = await run();
        if (counts) values.get(name)?.push(peer);
      }
    }
    const value = median(ours);
    const floor = values.get('floor');
    return {
      name: figure.name,
      unit: figure.unit,
      value: tidy(value),
      spread: [tidy(Math.min(...ours)), tidy(Math.max(...ours))],
      n: ours.length,
      peers: Object.keys(contest.peers).map((name) => {
        const peer = median(values.get(name) ?? []);
        return {
          name,
          value: tidy(peer),
          ratio: tidy(figure.better === 'less' ? peer / value : value / peer),
        };
      }),
      ...(floor === undefined ? {} : { floor: tidy(median(floor)) }),
    };
  } finally {
    await contest.done();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Three figures that mean something; more would be noise. */
function tidy(value: number): number {
  return Number(value.toPrecision(3));
}
