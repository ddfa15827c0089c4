import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFindClient } from '../../src/clients/find-client.js';
import { fixedKeys, readClientKeys } from '../../src/clients/client-keys.js';
import { hashOfSecret, preRegisteredClients, type ConfiguredClient } from '../../src/clients/pre-registered.js';
import { createRegisteredClientIds } from '../../src/clients/registered-client-id.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { ecKeyPair } from '../support/assertion.js';

const secret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';

function configured(proof: ConfiguredClient['proof']): ConfiguredClient {
  return {
    clientId: 'app',
    metadata: {
      client_name: 'App',
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    limits: { scopes: ['a'] },
    skipsConsent: false,
    proof,
  };
}
const noKeys = () => fixedKeys([]);
const clientOf = (proof: ConfiguredClient['proof'], keysAt = noKeys) =>
  preRegisteredClients([configured(proof)], keysAt).get('app');

describe('a client of the configuration', () => {
  it('is known by the hash of its secret, and by nothing else', () => {
    const client = clientOf({ kind: 'secret', hashes: [hashOfSecret(secret)] });
    expect(client?.secretMatches(secret)).toBe(true);
    for (const wrong of [
      '',
      `${secret} `,
      secret.slice(1),
      secret.toLowerCase(),
      hashOfSecret(secret),
      'x'.repeat(9000),
    ]) {
      expect(client?.secretMatches(wrong), wrong).toBe(false);
    }
    expect(JSON.stringify(client)).not.toContain(secret);
    expect(client?.keys).toBeUndefined();
  });

  it('has the hash that openssl makes', () => {
    expect(hashOfSecret(secret)).toBe(createHash('sha256').update(secret, 'utf8').digest('hex'));
    expect(hashOfSecret('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('without a secret has none that matches, not even an empty one', () => {
    for (const proof of [{ kind: 'none' }, { kind: 'keys', keys: [] }] as const) {
      for (const presented of ['', 'undefined', hashOfSecret('')]) {
        expect(clientOf(proof)?.secretMatches(presented)).toBe(false);
      }
    }
  });

  it('has its own keys, or those that it publishes', async () => {
    const keys = readClientKeys({ keys: [ecKeyPair().jwk] }) ?? [];
    expect(await clientOf({ kind: 'keys', keys })?.keys?.current()).toBe(keys);
    const published = fixedKeys(keys);
    const asked: string[] = [];
    const client = clientOf({ kind: 'remote keys', jwksUri: 'https://app.example/jwks' }, ((uri: string) => {
      asked.push(uri);
      return published;
    }) as typeof noKeys);
    expect(client?.keys).toBe(published);
    expect(asked).toEqual(['https://app.example/jwks']);
  });

  it('comes first, and needs neither a store nor keys of this server', async () => {
    const ring = createKeyRing(['a secret of this installation, long'], 'https://auth.example');
    const findClient = createFindClient({
      preRegistered: preRegisteredClients([configured({ kind: 'none' })], noKeys),
      registered: createRegisteredClientIds(ring, randomBytes),
      assertReady: () => Promise.reject(new Error('away')),
    });
    expect(await findClient('app')).toMatchObject({ clientId: 'app', limits: { scopes: ['a'] } });
    await expect(findClient('App')).rejects.toThrow('away');
    await expect(findClient('constructor')).rejects.toThrow('away');
  });
});
