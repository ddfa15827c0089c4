import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createFindClient } from '../../src/clients/find-client.js';
import { createRegisteredClientIds } from '../../src/clients/registered-client-id.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { parseClientMetadata } from '../../src/protocol/client-metadata.js';

const registered = createRegisteredClientIds(
  createKeyRing(['a secret of this installation, long'], 'https://auth.example'),
  randomBytes,
);
const findClient = createFindClient({ preRegistered: new Map(), registered, assertReady: () => Promise.resolve() });

it('finds a client that registered itself, without any store', async () => {
  const metadata = parseClientMetadata({ redirect_uris: ['https://app.example/cb'] });
  const { clientId } = registered.issue(metadata);
  expect(await findClient(clientId)).toMatchObject({ clientId, metadata });
});

it('asks about a URL whoever knows documents, and nobody else', async () => {
  const asked: string[] = [];
  const find = createFindClient({
    preRegistered: new Map(),
    registered,
    documents: {
      covers: (clientId) => clientId.startsWith('https://'),
      find: (clientId) => Promise.resolve(void asked.push(clientId)),
    },
    assertReady: () => Promise.resolve(),
  });
  const { clientId } = registered.issue(parseClientMetadata({ redirect_uris: ['https://app.example/cb'] }));
  expect(await find(clientId)).toBeDefined();
  expect(await find('https://app.example/client')).toBeUndefined();
  expect(asked).toEqual(['https://app.example/client']);
});

it('finds nobody under an id that it did not make', async () => {
  for (const id of ['', 'somebody', '__proto__', 'https://app.example/client']) {
    expect(await findClient(id)).toBeUndefined();
  }
});
