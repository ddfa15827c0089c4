import { works, type Contender, type Work } from './contenders.js';
import type { Figures } from './measure.js';

/** What one contender did in one round, and the bare server beside it. */
export interface Sample {
  readonly costs: ReadonlyMap<Work, Figures>;
  /** Milliseconds from starts to first answers. */
  readonly starts: readonly number[];
  readonly floorStarts: readonly number[];
}

/** The medians of all rounds. */
export interface Result {
  readonly contender: Contender;
  readonly works: ReadonlyMap<Work, Figures>;
  /** Milliseconds to the first answer, and how many times that of the bare server. */
  readonly start: { readonly milliseconds: number; readonly ratio: number };
}

/** Takes the median of each figure; a ratio is one of figures of the same minute. */
export function resultOf(contender: Contender, samples: readonly Sample[]): Result {
  const figures = (work: Work): [Work, Figures][] => {
    const costs = samples.flatMap(({ costs }) => costs.get(work) ?? []);
    if (costs.length === 0) return [];
    const of = (name: keyof Figures) => median(costs.map((cost) => cost[name]));
    const [cpu, perSecond, p50, p99, ratio] = [of('cpu'), of('perSecond'), of('p50'), of('p99'), of('ratio')];
    return [[work, { cpu, perSecond, p50, p99, ratio }]];
  };
  return {
    contender,
    works: new Map(works.flatMap(figures)),
    start: {
      milliseconds: median(samples.flatMap(({ starts }) => starts)),
      ratio: median(samples.map(({ starts, floorStarts }) => median(starts) / median(floorStarts))),
    },
  };
}

/** The one in the middle, or the mean of the two that are. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const [low = NaN, high = NaN] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return (low + high) / 2;
}
