import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RefreshState } from '../../src/grants/grant.js';
import { judgeRefresh, rotated, type RefreshVerdict } from '../../src/grants/refresh-state.js';

const graceTtl = 120;
const tolerance = 60;
const room = 32;
const settings = { graceTtl };
const kid = 'kid1';

const fresh: RefreshState = { generation: 1, kid, superseded: [] };

/** A state after rotations at these instants. */
const after = (...instants: number[]) => instants.reduce((state, at) => rotated(state, kid, at, settings), fresh);
const judge = (state: RefreshState, generation: number, now: number, name = kid) =>
  judgeRefresh(state, { generation, kid: name }, now, settings);

describe('judging a refresh token', () => {
  const cases: [string, RefreshState, number, number, string, RefreshVerdict][] = [
    ['the current one', fresh, 1, 0, kid, 'rotate'],
    ['the current one, long after', fresh, 1, 1e9, kid, 'rotate'],
    ['the current one under another key', fresh, 1, 0, 'kid2', 'refuse'],
    ['one that is ahead of the record', fresh, 2, 0, kid, 'refuse'],
    ['one that never was one', fresh, 0, 0, kid, 'replayed'],
    ['the last one at once', after(1000), 1, 1000, kid, 'serve the current token'],
    ['the last one at the end of the window', after(1000), 1, 1000 + graceTtl, kid, 'serve the current token'],
    ['the last one behind the window', after(1000), 1, 1000 + graceTtl + 0.001, kid, 'refuse'],
    ['the last one at the end of the tolerance', after(1000), 1, 1000 + graceTtl + tolerance, kid, 'refuse'],
    ['the last one behind the tolerance', after(1000), 1, 1000 + graceTtl + tolerance + 0.001, kid, 'replayed'],
    ['the last one under another key', after(1000), 1, 1000, 'kid2', 'refuse'],
    ['the last one under another key, much later', after(1000), 1, 2000, 'kid2', 'replayed'],
    ['the one before the last', after(1000, 1010), 1, 1020, kid, 'serve the current token'],
    ['one whose window was not extended by a later rotation', after(1000, 1100), 1, 1130, kid, 'refuse'],
    ['one whose end was not moved by a later rotation', after(1000, 1100), 1, 1181, kid, 'replayed'],
    ['the later one at that time', after(1000, 1100), 2, 1181, kid, 'serve the current token'],
    ['one that was dropped from the record for its age', after(1000, 5000), 1, 5000, kid, 'replayed'],
    ['one from before a clock that was set back', after(1000), 1, 500, kid, 'refuse'],
  ];
  it.each(cases)('%s', (_, state, generation, now, name, verdict) => {
    expect(judge(state, generation, now, name)).toBe(verdict);
  });

  it('without a grace window still does not end a grant for a minute', () => {
    const none = { graceTtl: 0 };
    const state = rotated(fresh, kid, 1000, none);
    const verdicts = [1000, 1001, 1060, 1061].map((now) => judgeRefresh(state, { generation: 1, kid }, now, none));
    expect(verdicts).toEqual(['serve the current token', 'refuse', 'refuse', 'replayed']);
  });
});

describe('a rotation', () => {
  it('steps by one, remembers what it superseded under which key, and changes nothing in place', () => {
    const state = rotated(fresh, 'kid2', 1000, settings);
    expect(state).toEqual({ generation: 2, kid: 'kid2', superseded: [{ generation: 1, kid, at: 1000 }] });
    expect(fresh).toEqual({ generation: 1, kid, superseded: [] });
  });

  it('forgets what is behind its tolerance, and nothing else', () => {
    const remembered = after(1000, 1001, 1180).superseded.map(({ generation }) => generation);
    expect(remembered).toEqual([3, 2, 1]);
    expect(after(1000, 1001, 1180.5).superseded.map(({ generation }) => generation)).toEqual([3, 2]);
    expect(after(1000, 1001, 1180.5).forgottenAt).toBeUndefined();
  });

  it('remembers thirty-two, and when it had to forget one too early', () => {
    const instants = Array.from({ length: room + 3 }, (_, index) => 1000 + index);
    const state = after(...instants);
    expect(state.superseded).toHaveLength(room);
    expect(state.superseded.at(-1)?.generation).toBe(4);
    expect(state.forgottenAt).toBe(1002);
  });

  it('that comes too often refuses the forgotten ones, and ends no grant before their time is over', () => {
    const state = after(...Array.from({ length: room + 3 }, (_, index) => 1000 + index));
    for (const generation of [1, 2, 3]) {
      expect(judge(state, generation, 1040)).toBe('refuse');
      expect(judge(state, generation, 1002 + graceTtl + tolerance)).toBe('refuse');
      expect(judge(state, generation, 1002 + graceTtl + tolerance + 1)).toBe('replayed');
    }
    expect(judge(state, 4, 1040)).toBe('serve the current token');
  });
});

/** The least that a record could do: remember when every generation was superseded, for ever. */
class Model {
  generation = 1;
  readonly supersededAt = new Map<number, number>();

  rotate(now: number): void {
    this.supersededAt.set(this.generation, now);
    this.generation += 1;
  }

  /** How long ago a generation was superseded. */
  ageOf(generation: number, now: number): number {
    return now - (this.supersededAt.get(generation) ?? -Infinity);
  }

  /** Whether at least a full record of younger ones has been superseded since. */
  mayBeForgotten(generation: number): boolean {
    return this.generation - generation > room;
  }
}

type Step = { readonly back: number; readonly times: number } | { readonly advance: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ back: fc.constant(0), times: fc.oneof(fc.constant(1), fc.nat(40)) }) },
    { weight: 4, arbitrary: fc.record({ back: fc.integer({ min: -2, max: 50 }), times: fc.constant(1) }) },
    {
      weight: 4,
      arbitrary: fc.record({ advance: fc.oneof(fc.nat(3), fc.integer({ min: 50, max: 200 }), fc.nat(1000)) }),
    },
  ),
  { maxLength: 40 },
);

describe('any sequence of refreshes', () => {
  it('leads to what a record without bounds would say', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(steps, (sequence) => {
        let now = 10_000;
        let state = fresh;
        const model = new Model();
        for (const step of sequence) {
          if ('advance' in step) {
            now += step.advance;
            continue;
          }
          for (let time = 0; time < step.times; time++) {
            const generation = model.generation - step.back;
            const verdict = judge(state, generation, now);
            const age = model.ageOf(generation, now);
            seen.add(`${verdict}${model.mayBeForgotten(generation) ? ', perhaps forgotten' : ''}`);

            // One live successor: only the current generation is ever rotated, and it always is.
            expect(verdict === 'rotate').toBe(generation === model.generation);
            if (generation > model.generation) expect(verdict).toBe('refuse');
            if (generation < model.generation) {
              // In good faith nothing ends a grant, however fast a client rotates.
              if (age <= graceTtl + tolerance) expect(verdict).not.toBe('replayed');
              if (age > graceTtl) expect(verdict).not.toBe('serve the current token');
              if (!model.mayBeForgotten(generation)) {
                if (age <= graceTtl) expect(verdict).toBe('serve the current token');
              }
              // A replay is found, at the latest when the last forgotten generation's own time is over.
              const overflowAge = state.forgottenAt === undefined ? Infinity : now - state.forgottenAt;
              if (age > graceTtl + tolerance && overflowAge > graceTtl + tolerance) expect(verdict).toBe('replayed');
            }
            if (verdict === 'rotate') {
              state = rotated(state, kid, now, settings);
              model.rotate(now);
            }
            expect(state.generation).toBe(model.generation);
            expect(state.superseded.length).toBeLessThanOrEqual(room);
          }
        }
      }),
      { seed: 20260728, numRuns: 1500 },
    );
    // The sequences met everything that there is to meet.
    expect([...seen].sort()).toEqual([
      'refuse',
      'refuse, perhaps forgotten',
      'replayed',
      'replayed, perhaps forgotten',
      'rotate',
      'serve the current token',
    ]);
  });
});
