import { expect, it } from 'vitest';
import { nextStep, type Arrival, type Journey, type Step } from '../../src/flow/journey.js';

const page = 'show the page';
const answered = 'say that it was answered';
const expired = 'say that it has expired';
const stranger = 'say that it is another browser';
const handOff = 'hand off to the provider';
const denial = 'tell the client of the denial';

/** For each event, what follows when the transaction is unanswered, pending, denied, finished. */
const table: [Journey['event'], boolean, [Step, Step, Step, Step]][] = [
  ['approved', true, [handOff, handOff, answered, answered]],
  ['approved', false, [page, page, page, page]],
  ['denied', true, [denial, denial, answered, answered]],
  ['denied', false, [page, page, page, page]],
  ['returned', true, [expired, 'identify the user', answered, answered]],
  ['returned', false, [expired, stranger, stranger, stranger]],
];
const statuses = ['unanswered', 'pending', 'denied', 'finished'] as const;

const rows = table.flatMap(([event, sameBrowser, steps]) =>
  statuses.map((status, index) => [event, sameBrowser ? 'same' : 'other', status, steps[index]] as const),
);

it.each(rows)('%s in the %s browser, when the transaction is %s: %s', (event, browser, status, step) => {
  expect(nextStep({ event, sameBrowser: browser === 'same', status })).toBe(step);
});

it('knows every case there is', () => {
  expect(rows).toHaveLength(3 * 2 * 4);
});

it.each<[string, Partial<Arrival>, Step]>([
  ['a client that nobody vouches for', { isVouchedFor: false }, page],
  ['a client that the operator vouches for', {}, handOff],
  ['a choice of providers', { hasChoice: true }, page],
  ['a frame, an image or a prefetch', { isNavigation: false }, page],
])('on arrival, with %s: %s', (_, changes, step) => {
  const vouchedFor = { event: 'arrived', isVouchedFor: true, isNavigation: true, hasChoice: false } as const;
  expect(nextStep({ ...vouchedFor, ...changes })).toBe(step);
});
