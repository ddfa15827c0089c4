import type { ClientOptions, OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { describe, expect, it } from 'vitest';
import { hashOfSecret } from '../src/clients/pre-registered.js';
import { createRegisteredClientIds } from '../src/clients/registered-client-id.js';
import { parseOptions } from '../src/config.js';
import { ConfigurationError } from '../src/configuration-error.js';
import { createKeyRing } from '../src/keys/key-ring.js';
import { parseClientMetadata } from '../src/protocol/client-metadata.js';
import { ecKeyPair, rsaKeyPair } from './support/assertion.js';

const secret = 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG';
const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const upstreamSecret = 'mN4bV7cX1zL9kJ3hG6fD0sA5pO8iU2yT';
const provider = (id: string) =>
  oidcProvider({ id, issuer: `https://${id}.example`, clientId: 'a', clientSecret: upstreamSecret });
const mcp = { url: 'https://mcp.example/mcp', scopes: { tools: 'Use the tools', notes: 'Write notes' } };
const good: OAuthAuthorizationServerOptions = {
  issuer: 'https://auth.example',
  secret,
  providers: [provider('one')],
  resources: [mcp, { url: 'https://other.example/mcp' }],
};
const { jwk } = ecKeyPair();
const web = { clientId: 'web', name: 'Web app', redirectUris: ['https://app.example/cb'] };
const machine = { clientId: 'machine', name: 'Machine', clientSecret };

const parse = (clients: unknown, options: object = {}) =>
  parseOptions({ ...good, ...options, clients: clients as ClientOptions[] }, false).clients;

function faultsOf(clients: unknown, options: object = {}): readonly string[] {
  try {
    parse(clients, options);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('configured clients', () => {
  it('are none unless they are named', () => {
    expect(parse(undefined)).toEqual([]);
    expect(parse([])).toEqual([]);
  });

  it('are what is given, and the rest follows from it', () => {
    expect(parse([web, machine])).toEqual([
      {
        clientId: 'web',
        metadata: {
          client_name: 'Web app',
          redirect_uris: ['https://app.example/cb'],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          token_endpoint_auth_method: 'none',
        },
        limits: {},
        skipsConsent: false,
        proof: { kind: 'none' },
      },
      {
        clientId: 'machine',
        metadata: {
          client_name: 'Machine',
          redirect_uris: [],
          grant_types: ['client_credentials'],
          response_types: ['code'],
          token_endpoint_auth_method: 'client_secret_basic',
        },
        limits: {},
        skipsConsent: false,
        proof: { kind: 'secret', hashes: [hashOfSecret(clientSecret)] },
      },
    ]);
  });

  it.each<[object, string]>([
    [{ clientSecret }, 'client_secret_basic'],
    [{ clientSecretHash: hashOfSecret(clientSecret) }, 'client_secret_basic'],
    [{ clientSecret, authenticationMethod: 'client_secret_post' }, 'client_secret_post'],
    [{ jwks: { keys: [jwk] } }, 'private_key_jwt'],
    [{ jwksUri: 'https://app.example/jwks' }, 'private_key_jwt'],
    [{ ...web }, 'none'],
    [{ ...web, authenticationMethod: 'none' }, 'none'],
  ])('authenticate as fits what they have: %j', (given, method) => {
    const [client] = parse([{ clientId: 'a', name: 'A', ...given }]);
    expect(client?.metadata.token_endpoint_auth_method).toBe(method);
  });

  it('are not kept with their secrets, and hashes count in either case', () => {
    expect(JSON.stringify(parse([machine]))).not.toContain(clientSecret);
    const clientSecretHash = hashOfSecret(clientSecret);
    expect(parse([{ clientId: 'a', name: 'A', clientSecretHash: clientSecretHash.toUpperCase() }])[0]?.proof).toEqual({
      kind: 'secret',
      hashes: [clientSecretHash],
    });
  });

  it('may be limited to scopes and resources, which are spelled as the server spells them', () => {
    const [client] = parse([{ ...machine, scopes: ['notes'], resources: ['https://OTHER.example/mcp/'] }]);
    expect(client?.limits).toEqual({ scopes: ['notes'], resources: ['https://other.example/mcp'] });
    expect(parse([{ ...machine, resources: ['https://auth.example/mcp'] }], { resources: undefined })).toHaveLength(1);
  });

  it('may be vouched for', () => {
    expect(parse([{ ...web, consent: 'skip' }])[0]?.skipsConsent).toBe(true);
  });

  const ofItself = createRegisteredClientIds(createKeyRing([secret], 'https://auth.example'), (size) =>
    Buffer.alloc(size),
  ).issue(parseClientMetadata({ redirect_uris: ['https://a.example/cb'] })).clientId;
  const idFault = 'has to be 1 to 200 letters, digits, or any of . _ ~ -';
  const skipFault = 'can only skip the consent with redirectUris that are https, and none on loopback';
  const keyFault = 'has to be { keys: [ … ] } with public keys only: RSA of 2048 to 8192 bits, or EC on P-256';
  const severalFault = 'has more than one of clientSecret, clientSecretHash, jwks and jwksUri: give one';

  it.each<[string, object, string]>([
    ['no id', { clientId: undefined }, 'clients.0.clientId is missing.'],
    ['an empty id', { clientId: '' }, `clients.0.clientId ${idFault}.`],
    ['an https id', { clientId: 'https://app.example/client' }, `clients.0.clientId ${idFault}.`],
    ['an id like a user', { clientId: 'oidc|alice' }, `clients.0.clientId ${idFault}.`],
    ['an id that Basic cannot carry', { clientId: 'a:b' }, `clients.0.clientId ${idFault}.`],
    ['a long id', { clientId: 'a'.repeat(201) }, `clients.0.clientId ${idFault}.`],
    [
      'a registered id',
      { clientId: `a.b.${'c'.repeat(22)}` },
      'clients.0.clientId looks like the id of a client that registered itself.',
    ],
    ['no name', { name: undefined }, 'clients.0.name is missing: say what people call it.'],
    ['a blank name', { name: ' ' }, 'clients.0.name is empty.'],
    ['a name that turns around', { name: 'a\u202eb' }, 'clients.0.name has control characters.'],
    [
      'a short secret',
      { clientSecret: 'hunter2' },
      'clients.0.clientSecret has to have at least 32 random characters: make one with `openssl rand -base64 32`.',
    ],
    [
      'a placeholder',
      { clientSecret: 'change-me-change-me-change-me-change-me' },
      'clients.0.clientSecret is a placeholder: make one with `openssl rand -base64 32`.',
    ],
    [
      'a hash that is none',
      { clientSecret: undefined, clientSecretHash: 'abc' },
      'clients.0.clientSecretHash has to be the SHA-256 of the secret, as 64 hexadecimal digits.',
    ],
    [
      'the hash of nothing',
      { clientSecret: undefined, clientSecretHash: hashOfSecret('') },
      'clients.0.clientSecretHash is the hash of nothing: the secret was empty.',
    ],
    ['keys that are none', { clientSecret: undefined, jwks: {} }, `clients.0.jwks ${keyFault}.`],
    ['no keys', { clientSecret: undefined, jwks: { keys: [] } }, `clients.0.jwks ${keyFault}.`],
    ['nothing for keys', { clientSecret: undefined, jwks: null }, `clients.0.jwks ${keyFault}.`],
    ['a private key', { clientSecret: undefined, jwks: { keys: [{ ...jwk, d: 'x' }] } }, `clients.0.jwks ${keyFault}.`],
    [
      'one key of two that cannot be used',
      { clientSecret: undefined, jwks: { keys: [jwk, { kty: 'oct' }] } },
      `clients.0.jwks ${keyFault}.`,
    ],
    [
      'an http jwksUri',
      { clientSecret: undefined, jwksUri: 'http://app.example/jwks' },
      'clients.0.jwksUri has to be an https URL.',
    ],
    [
      'a jwksUri with a fragment',
      { clientSecret: undefined, jwksUri: 'https://app.example/#a' },
      'clients.0.jwksUri has to be an https URL.',
    ],
    [
      'an unknown method',
      { authenticationMethod: 'client_secret_jwt' },
      'clients.0.authenticationMethod has to be one of none, client_secret_basic, client_secret_post, private_key_jwt.',
    ],
    [
      'an unknown grant type',
      { grantTypes: ['password'] },
      'clients.0.grantTypes.0 has to be one of authorization_code, refresh_token, client_credentials.',
    ],
    ['no grant type', { grantTypes: [] }, 'clients.0.grantTypes is empty: leave it out.'],
    ['no scopes', { scopes: [] }, 'clients.0.scopes is empty: leave it out for all of them.'],
    ['no resources', { resources: [] }, 'clients.0.resources is empty: leave it out for all of them.'],
    ['another kind of consent', { consent: 'always' }, 'clients.0.consent has to be ask or skip.'],
    [
      'an unknown option',
      { clientsecret: 'x' },
      'clients.0.clientsecret is not an option: see the list in the README.',
    ],
    ['a secret and its hash', { clientSecretHash: hashOfSecret('x') }, `clients.0 ${severalFault}.`],
    ['a secret and keys', { jwks: { keys: [jwk] } }, `clients.0 ${severalFault}.`],
    [
      'keys in two places',
      { clientSecret: undefined, jwks: { keys: [jwk] }, jwksUri: 'https://a.example/k' },
      `clients.0 ${severalFault}.`,
    ],
    [
      'a secret, and keys for a method',
      { authenticationMethod: 'private_key_jwt' },
      'clients.0 cannot authenticate by private_key_jwt with what it was given.',
    ],
    [
      'a secret that it does not show',
      { authenticationMethod: 'none' },
      'clients.0 cannot authenticate by none with what it was given.',
    ],
    [
      'users without a way back',
      { grantTypes: ['authorization_code'] },
      'clients.0 needs redirectUris for authorization_code.',
    ],
    [
      'a way back without users',
      { redirectUris: web.redirectUris, grantTypes: ['client_credentials'] },
      'clients.0 has redirectUris, which only authorization_code uses.',
    ],
    [
      'refreshing what it never gets',
      { grantTypes: ['client_credentials', 'refresh_token'] },
      'clients.0 can only refresh what it got by authorization_code.',
    ],

    ['no page for a machine', { consent: 'skip' }, `clients.0 ${skipFault}.`],
    [
      'an unknown scope',
      { scopes: ['tools', 'admin', 'offline_access'] },
      'clients (machine) has scopes that no resource has: admin, offline_access.',
    ],
    [
      'an unknown resource',
      { resources: ['https://evil.example/mcp'] },
      'clients (machine) has resources that are not configured: https://evil.example/mcp.',
    ],
  ])('are refused with %s', (_, changes, fault) => {
    expect(faultsOf([{ ...machine, ...changes }])).toEqual([fault]);
  });

  it('cannot have an id that a client registered itself may have', () => {
    expect(faultsOf([{ ...machine, clientId: ofItself }])).toHaveLength(1);
  });

  it.each([
    'http://app.example/cb',
    'https://app.example/cb#x',
    'https://*.example/cb',
    'https://u@app.example/cb',
    'javascript:alert(1)',
    '/cb',
    '',
  ])('are refused with the redirect URI %j, in the words of the registration', (uri) => {
    const [fault = '', ...more] = faultsOf([{ ...web, redirectUris: ['https://app.example/cb', uri] }]);
    expect(more).toEqual([]);
    expect(fault).toMatch(
      /^clients\.0\.redirectUris\.1 cannot be registered: (?:A|The \w+ of a) redirect URI .*[^.]\.$/,
    );
  });

  it.each([['http://127.0.0.1/cb'], ['http://localhost:3000/cb'], ['https://localhost/cb'], ['cursor://app/cb']])(
    'cannot be vouched for behind %s',
    (uri) => {
      expect(faultsOf([{ ...web, redirectUris: ['https://app.example/cb', uri], consent: 'skip' }])).toEqual([
        `clients.0 ${skipFault}.`,
      ]);
      expect(faultsOf([{ ...web, redirectUris: ['https://app.example/cb', uri] }])).toEqual([]);
    },
  );

  it('cannot be vouched for where there is a choice of providers', () => {
    const providers = [provider('one'), provider('two')];
    expect(faultsOf([{ ...web, consent: 'skip' }], { providers })).toEqual([
      'clients (web) can only skip the consent where there is one provider.',
    ]);
  });

  it('have a secret of their own', () => {
    const own = 'clients (machine) has a secret that is used for something else too: give it one of its own.';
    const signing = 'xX9wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
    for (const used of [secret, upstreamSecret, signing]) {
      const options = { signing: { algorithm: 'HS256', secret: signing } };
      expect(faultsOf([{ ...machine, clientSecret: used }], options)).toEqual([own]);
      const hashed = { ...machine, clientSecret: undefined, clientSecretHash: hashOfSecret(used) };
      expect(faultsOf([hashed], options)).toEqual([own]);
    }
    const twins = [
      machine,
      { ...machine, clientId: 'twin', clientSecret: undefined, clientSecretHash: hashOfSecret(clientSecret) },
    ];
    expect(faultsOf(twins)).toEqual(
      ['machine', 'twin'].map((id) => `clients (${id}) has the secret of another client: give each one of its own.`),
    );
    const keyed = { clientId: 'b', name: 'B', jwks: { keys: [jwk, rsaKeyPair().jwk] } };
    expect(faultsOf([keyed, { ...keyed, clientId: 'c' }])).toEqual([]);
  });

  it('are not made public by a variable that is not set', () => {
    for (const name of ['clientSecret', 'clientSecretHash', 'jwks', 'jwksUri']) {
      expect(faultsOf([{ ...web, [name]: undefined }])).toEqual([
        `clients.0 has a ${name} that is undefined: leave it out for a public client.`,
      ]);
    }
    expect(faultsOf([{ ...web, clientSecret, jwks: undefined }])).toEqual([]);
    expect(faultsOf([{ ...machine, clientSecret: undefined }])).toEqual([
      'clients.0 has a clientSecret that is undefined: leave it out for a public client.',
    ]);
  });

  it('have something that proves them, where they act for themselves', () => {
    const fault = 'clients.0 needs a secret or keys for client_credentials.';
    expect(faultsOf([{ clientId: 'a', name: 'A' }])).toEqual([fault]);
    expect(faultsOf([{ ...web, grantTypes: ['authorization_code', 'client_credentials'] }])).toEqual([fault]);
  });

  it('have ids of their own', () => {
    expect(faultsOf([web, { ...machine, clientId: 'web' }])).toEqual(['clients has two with the same clientId.']);
  });

  it('are told all their faults at once, and never a secret', () => {
    const faults = faultsOf([
      { ...machine, clientSecret: 'hunter2-canary', name: '' },
      { ...web, clientId: '', clientSecretHash: 'canary-hash' },
    ]);
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'clients.0.name',
      'clients.0.clientSecret',
      'clients.1.clientId',
      'clients.1.clientSecretHash',
    ]);
    expect(faults.join()).not.toMatch(/canary/);
    expect(faultsOf([{ ...machine, clientSecret: secret }]).join()).not.toContain(secret);
  });

  it.each([['text'], [{}], [7], [[null]], [['x']]])('are a list of objects, and not %j', (clients) => {
    expect(faultsOf(clients).join()).toMatch(/^clients/);
  });
});
