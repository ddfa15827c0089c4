import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { ConfigurationError, type ClientOptions, type IntrospectionOptions } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';
import { makeGate } from './http/serve.js';
import { testSecret } from './support/gatehouse.js';

const key = 'n0tesKey-wQ2vB5nX7mC1zL4jH9gF3sA6pO0iUkD8';
const other = 'f1lesKey-wQ2vB5nX7mC1zL4jH9gF3sA6pO0iUkD8';
const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const url = 'https://mcp.example/mcp';
const clients: ClientOptions[] = [
  { clientId: 'gateway', name: 'Gateway', clientSecret },
  { clientId: 'app', name: 'App', redirectUris: ['https://app.example/cb'] },
];

function faultsOf(introspection: unknown, more: Parameters<typeof makeGate>[1] = {}): readonly string[] {
  const resources = [{ url, introspection: introspection as IntrospectionOptions }];
  try {
    void makeGate('https://auth.example', { resources, clients, ...more }).close();
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown.faults;
    throw thrown;
  }
}

describe('the introspection of a resource', () => {
  it.each([
    [{ keys: [key] }],
    [{ keys: [key, other] }],
    [{ keys: [hashOf(key)] }],
    [{ keys: [hashOf(key).toUpperCase().replace('SHA256', 'sha256')] }],
    [{ clients: ['gateway'] }],
    [{ keys: [key], clients: ['gateway'] }],
    [undefined],
  ])('starts with %j', (introspection) => {
    expect(faultsOf(introspection)).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['names nobody', {}, /names nobody/],
    ['has empty lists', { keys: [], clients: [] }, /names nobody/],
    ['has a key that is not set', { keys: [undefined] }, /keys\.0 has to be text/],
    ['has a key alone', { keys: key }, /keys has to be a list/],
    ['has a short key', { keys: [key.slice(0, 31)] }, /at least 32 random characters/],
    ['has a placeholder', { keys: ['change-me-change-me-change-me-change-me'] }, /is a placeholder/],
    ['has a key that fits no header', { keys: [`${key} with spaces`] }, /cannot stand in a header/],
    ['has half of a hash', { keys: ['sha256:abc'] }, /64 hexadecimal digits/],
    ['has the hash of nothing', { keys: [hashOf('')] }, /is the hash of nothing/],
    ['has a key twice', { keys: [key, hashOf(key)] }, /a key that is there twice/],
    ['has the secret of the server', { keys: [testSecret] }, /used for something else too/],
    ['has the secret of a client', { keys: [clientSecret] }, /used for something else too/],
    ['has the hash of a secret', { keys: [hashOf(testSecret)] }, /used for something else too/],
    ['names a client that is not there', { clients: ['nobody'] }, /names clients that are not configured: nobody/],
    ['names a client that registered', { clients: ['g1.abcd.efgh'] }, /that are not configured/],
    ['names a public client', { clients: ['app'] }, /without a secret or keys: app/],
    ['has more than there is', { keys: [key], key }, /introspection\.key is not an option/],
  ])('does not start when it %s', (_, introspection, fault) => {
    const faults = faultsOf(introspection);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join('\n')).toMatch(fault);
    // What is wrong with a secret is said without it.
    for (const secret of [key, testSecret, clientSecret]) expect(faults.join('\n')).not.toContain(secret);
  });

  it('has keys of its own, whichever resource', () => {
    const resources = [
      { url, introspection: { keys: [key] } },
      { url: `${url}/files`, introspection: { keys: [hashOf(key)] } },
    ];
    expect(faultsOf(undefined, { resources })).toEqual([
      expect.stringContaining(`introspection of ${url} has a key that is there twice`),
      expect.stringContaining(`introspection of ${url}/files has a key that is there twice`),
    ]);
  });

  it('shares no key with what resource servers sign or verify with', () => {
    const signing = { algorithm: 'HS256', secret: key } as const;
    expect(faultsOf({ keys: [key] }, { signing }).join()).toMatch(/used for something else too/);
  });

  it('keeps no key', async () => {
    const resources = [{ url, introspection: { keys: [key] } }];
    const gate = makeGate('https://auth.example', { resources });
    expect(inspect(gate, { depth: 20, showHidden: true })).not.toContain(key);
    await gate.close();
  });
});

describe('the option userinfo', () => {
  const scoped: ClientOptions[] = [{ clientId: 'gateway', name: 'Gateway', clientSecret, scopes: ['openid', 'email'] }];

  it('lets clients be limited to what they may know of a user', () => {
    expect(faultsOf(undefined, { clients: scoped })).toEqual([]);
    expect(faultsOf(undefined, { clients: scoped, userinfo: false })).toEqual([
      'clients (gateway) has scopes that no resource has: openid, email.',
    ]);
  });

  it('takes the door away', async () => {
    const gate = makeGate('https://auth.example', { userinfo: false });
    expect(gate.getMetadata()).not.toHaveProperty('userinfo_endpoint');
    expect((await gate.fetch(new Request('https://auth.example/oauth/userinfo'))).status).toBe(404);
    await gate.close();
  });
});
