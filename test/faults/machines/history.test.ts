import { describe, expect, it } from 'vitest';
import { breachesOf, type Ask, type Exchange } from './history.js';

/** An exchange in the order in which it is written down. */
function exchanges(...all: [ask: Ask, status: Exchange['status'], changes?: Partial<Exchange>][]): Exchange[] {
  return all.map(([ask, status, changes], index) => ({
    ask,
    status,
    grant: 1,
    begun: 2 * index,
    ended: 2 * index + 1,
    hasRetryAfter: status === 503,
    ...(status === 400 && { error: 'invalid_grant' }),
    ...changes,
  }));
}

const good = { grant: 1, successor: 'rt.3', others: ['rt.3'] };

describe('a history', () => {
  it('is right when everybody got what was asked for, or was told to try again', () => {
    const history = exchanges(
      ['document', 200],
      ['browser', 303],
      ['redeem', 503],
      ['redeem', 200],
      ['refresh', 'lost'],
      ['refresh', 200],
      ['call', 503],
      ['call', 200],
    );
    expect(breachesOf(history, [good])).toEqual([]);
  });

  it('is right when a code is refused after an answer that was lost, or a grant that was perhaps revoked is', () => {
    expect(breachesOf(exchanges(['redeem', 'lost'], ['redeem', 400]), [])).toEqual([]);
    const ended = { grant: 1, successor: undefined, others: [] };
    expect(breachesOf(exchanges(['redeem', 200], ['revoke', 503], ['refresh', 400], ['call', 401]), [ended])).toEqual(
      [],
    );
  });

  it.each<[string, Exchange[], string]>([
    ['a code counts twice', exchanges(['redeem', 200], ['redeem', 200]), 'redeemed 2 times'],
    ['a revoked grant opens a door', exchanges(['redeem', 200], ['revoke', 200], ['call', 200]), 'good for something'],
    ['good credentials are refused', exchanges(['redeem', 200], ['refresh', 400]), 'wrong answer'],
    ['a code is refused at its first use', exchanges(['redeem', 400]), 'wrong answer'],
    ['nobody is told when to try again', exchanges(['call', 503, { hasRetryAfter: false }]), 'wrong answer'],
    ['the server is at a loss', exchanges(['refresh', 500]), 'wrong answer'],
    ['what needs no store is refused', exchanges(['document', 503]), 'wrong answer'],
    [
      'a redirect tells of a fault of the server’s own',
      exchanges(['browser', 303, { error: 'server_error' }]),
      'wrong answer',
    ],
  ])('is wrong when %s', (_, history, what) => {
    expect(breachesOf(history, []).join('\n')).toContain(what);
  });

  it.each([
    ['a grant is lost', { ...good, successor: undefined, others: [] }, [], 'was lost'],
    ['two chains live', { ...good, others: ['rt.other'] }, [], 'two chains'],
    ['a revoked grant lives', good, exchanges(['redeem', 200], ['revoke', 200]).slice(1), 'good for a refresh'],
  ])('is wrong when, in the end, %s', (_, aftermath, further, what) => {
    expect(breachesOf([...exchanges(['redeem', 200]), ...further], [aftermath]).join('\n')).toContain(what);
  });
});
