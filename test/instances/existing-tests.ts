import { describe } from 'vitest';
import { inSeveralProcesses } from '../support/gatehouse.js';
import { isWithout, type SharedStoreKind } from '../support/shared-stores.js';

/** Tests of other folders that ask for nothing that is only in the server's own process. */
const files: Readonly<Record<string, () => Promise<unknown>>> = {
  'journeys/sign-in': () => import('../journeys/sign-in.test.js'),
  'journeys/responses': () => import('../journeys/responses.test.js'),
  'journeys/old-clients': () => import('../journeys/old-clients.test.js'),
  'journeys/documents-with-keys': () => import('../journeys/documents-with-keys.test.js'),
  'journeys/resources': () => import('../journeys/resources.test.js'),
  'conformance/rfc6749': () => import('../conformance/rfc6749.test.js'),
  'conformance/rfc7009': () => import('../conformance/rfc7009.test.js'),
  'conformance/rfc7523': () => import('../conformance/rfc7523.test.js'),
  'conformance/rfc7636': () => import('../conformance/rfc7636.test.js'),
  'conformance/rfc9207': () => import('../conformance/rfc9207.test.js'),
  'conformance/rfc9728': () => import('../conformance/rfc9728.test.js'),
  'endpoints/discovery': () => import('../endpoints/discovery.test.js'),
};

/** Those that write the most: enough where another store has shown that processes can share one. */
export const writingTests = ['journeys/sign-in', 'conformance/rfc6749', 'conformance/rfc7009'];

/** Runs them again, against three processes on one store, each request at another one. */
export function describeExistingTests(store: SharedStoreKind, names: readonly string[] = Object.keys(files)): void {
  inSeveralProcesses(store);
  describe.skipIf(isWithout[store])(`three processes on one store (${store})`, () => {
    for (const name of names) {
      describe(name, async () => {
        await files[name]?.();
      });
    }
  });
}
