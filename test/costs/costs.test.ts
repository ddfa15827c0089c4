import { afterAll, beforeAll, expect, it } from 'vitest';
import { startMeasuredGatehouse, type MeasuredGatehouse } from './measured-gatehouse.js';
import { measureOperations, type Cost, type Operation } from './operations.js';

/**
 * What each operation costs. A number changes here because somebody meant it to.
 *
 * Every store call, every body that is read and every request to the provider has a timer that bounds it. Every seal and
 * every opening makes a key of its own by one HMAC. Every audit event names its client by a hash. Two texts are compared
 * by their hashes. `bytes` are those of Node 20.
 */
const expected: Record<Operation, Cost> = {
  'discovery document': {
    bytes: 5_200,
  },
  'registration, new metadata': {
    HMACs: 1, // the client id proves itself
    hashes: 1, // audit
    deflations: 1, // the client id is the metadata
    timers: 1, // body
    bytes: 36_900,
  },
  'registration, known metadata': {
    HMACs: 1, // the client id proves itself
    hashes: 1, // audit
    timers: 1, // body
    bytes: 31_700,
  },
  'consent page, new client': {
    HMACs: 3, // client id; browser cookie; seal
    hashes: 3, // audit; client id
    ciphers: 1, // the transaction, in the form
    deflations: 1, // the client id is the metadata
    bytes: 179_700,
  },
  'consent page, known client': {
    HMACs: 3, // browser cookie, asked for twice; seal
    hashes: 1, // audit
    ciphers: 1, // the transaction, in the form
    bytes: 70_500,
  },
  approval: {
    'store get': 1, // was it answered before?
    'store set': 1, // sign-in
    HMACs: 4, // browser cookie; sign-in cookie; opening, seal
    hashes: 2, // audit; code challenge for the provider
    ciphers: 1, // sign-in
    deciphers: 1, // transaction
    timers: 3, // store, body
    bytes: 69_400,
  },
  callback: {
    'store get': 1, // the sign-in
    'store set': 3, // sign-in, vault, grant
    verifications: 1, // the provider's ID token
    HMACs: 11, // browser cookie; sign-in cookie; grant id: 2, and the user's part of it again; code; an opening, 4 seals
    hashes: 4, // audit: 2; state
    ciphers: 4, // sign-in, vault, claims, cookie that names the user
    deciphers: 1, // sign-in
    'requests sent': 2, // token, user info
    timers: 6, // store, requests
    bytes: 296_000,
  },
  // Where the code was issued: another process opens the claims, and proves the grant's id, first.
  'code exchange': {
    'store get': 2, // grant, vault
    'store set': 2, // grant, and the vault, which has to live as long
    signatures: 1, // access token
    HMACs: 2, // code; refresh token
    hashes: 4, // audit; code; code challenge
    timers: 5, // store, body
    bytes: 75_400,
  },
  'protected request, new token': {
    'store get': 2, // does the grant live?; that it is used, which nobody waits for
    'store set': 1, // that it is used, once a day
    verifications: 1,
    timers: 3, // store
    bytes: 39_700,
  },
  'protected request, known token': {
    'store get': 1, // does the grant live?
    timers: 1, // store
    bytes: 13_400,
  },
  refresh: {
    'store get': 1,
    'store set': 1,
    signatures: 1, // access token
    HMACs: 2, // the refresh token that is presented; the next one
    hashes: 3, // audit; refresh token
    timers: 3, // store, body
    bytes: 64_500,
  },
};

/** The same code allocates the same, to less than a hundredth; what Node itself allocates changes with its versions. */
const tolerance = process.versions.node.startsWith('20.') ? 0.05 : 0.15;

let gatehouse: MeasuredGatehouse;
beforeAll(async () => {
  gatehouse = await startMeasuredGatehouse();
});
afterAll(() => gatehouse.stop());

/** One line for each number, so that a difference says by itself where it is. */
function lines(costs: Record<Operation, Cost>): Record<string, number> {
  const all = Object.entries(costs).flatMap(([operation, cost]) =>
    Object.entries(cost).map(([counted, count]): [string, number] => [`${operation}: ${counted}`, count]),
  );
  return Object.fromEntries(all);
}

it('no operation costs more, or less, than is written down', async () => {
  // What is loaded and learnt at the first requests.
  await measureOperations(gatehouse, 20);
  const measured = await measureOperations(gatehouse, 40);
  for (const [operation, cost] of Object.entries(measured) as [Operation, Cost][]) {
    const { bytes } = expected[operation];
    if (Math.abs(cost.bytes - bytes) <= bytes * tolerance) measured[operation] = { ...cost, bytes };
  }
  expect(lines(measured), 'Write the new numbers into the table if they are meant.').toEqual(lines(expected));
}, 120_000);
