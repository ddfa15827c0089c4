import { expect, it } from 'vitest';
import { nextStep, type Arrival, type Journey, type Step } from '../../src/flow/journey.js';

const page = 'show the page';
const answered = 'say that it was answered';
const expired = 'say that it has expired';
const stranger = 'say that it is another browser';
const handOff = 'hand off to the provider';
const denial = 'tell the client of the denial';

/** For each event, what follows when the transaction is unanswered, pending, denied, finished, and held for a user. */
const table: [Journey['event'], boolean, [Step, Step, Step, Step, Step]][] = [
  ['approved', true, [handOff, handOff, answered, answered, 'answer the client']],
  ['approved', false, [page, page, page, page, stranger]],
  ['denied', true, [denial, denial, answered, answered, denial]],
  ['denied', false, [page, page, page, page, stranger]],
  ['returned', true, [expired, 'identify the user', answered, answered, answered]],
  ['returned', false, [expired, stranger, stranger, stranger, stranger]],
];
const statuses = ['unanswered', 'pending', 'denied', 'finished', 'signed in'] as const;

const rows = table.flatMap(([event, sameBrowser, steps]) =>
  statuses.map((status, index) => [event, sameBrowser ? 'same' : 'other', status, steps[index]] as const),
);

it.each(rows)('%s in the %s browser, when the transaction is %s: %s', (event, browser, status, step) => {
  expect(nextStep({ event, sameBrowser: browser === 'same', status })).toBe(step);
});

it('knows every case there is', () => {
  expect(rows).toHaveLength(3 * 2 * 5);
});

const arrival: Arrival = {
  event: 'arrived',
  isVouchedFor: false,
  isRemembered: false,
  isNavigation: true,
  isOwnNavigation: true,
  hasChoice: false,
};

it.each<[string, Partial<Arrival>, Step]>([
  ['a client that nobody vouches for', {}, page],
  ['a client that the operator vouches for', { isVouchedFor: true }, handOff],
  ['such a client, from another site', { isVouchedFor: true, isOwnNavigation: false }, handOff],
  ['such a client, and a choice of providers', { isVouchedFor: true, hasChoice: true }, page],
  ['such a client, in a frame, an image or a prefetch', { isVouchedFor: true, isNavigation: false }, page],
  ['what is remembered', { isRemembered: true }, handOff],
  ['what is remembered, from another site', { isRemembered: true, isOwnNavigation: false }, page],
  ['what is remembered, and a choice of providers', { isRemembered: true, hasChoice: true }, page],
  ['what is remembered, in a frame, an image or a prefetch', { isRemembered: true, isNavigation: false }, page],
])('on arrival, with %s: %s', (_, changes, step) => {
  expect(nextStep({ ...arrival, ...changes })).toBe(step);
});
