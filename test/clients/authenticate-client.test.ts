import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authenticateClient, type ClientCredentials } from '../../src/clients/authenticate-client.js';
import { clientRefusal } from '../../src/clients/client-refusal.js';
import type { Client } from '../../src/clients/client.js';
import { assertionType, type VerifyAssertion } from '../../src/clients/client-assertion.js';
import { createFindClient, type FindClient } from '../../src/clients/find-client.js';
import { createRegisteredClientIds } from '../../src/clients/registered-client-id.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { parseClientMetadata, type ClientAuthenticationMethod } from '../../src/protocol/client-metadata.js';
import { encode } from '../resource/tokens.js';

const registered = createRegisteredClientIds(
  createKeyRing(['a secret of this installation, long'], 'https://auth.example'),
  randomBytes,
);
const findRegistered = createFindClient({ preRegistered: new Map(), registered, assertReady: () => Promise.resolve() });

function register(token_endpoint_auth_method: ClientAuthenticationMethod) {
  const { clientId, clientSecret = '' } = registered.issue(
    parseClientMetadata({ redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method }),
  );
  return { clientId, clientSecret };
}

const publicClient = register('none');
const basicClient = register('client_secret_basic');
const postClient = register('client_secret_post');

/** A client as an operator may configure one, with every character that the encodings disagree about. */
const awkward: Client = {
  clientId: 'app+1%41 ü',
  metadata: parseClientMetadata({ redirect_uris: ['https://app.example/cb'] }),
  authenticationMethod: 'client_secret_basic',
  secretMatches: (presented) => presented === 'a+b%20c:d/ü',
};

/** A client of the configuration that signs. */
const signing: Client = {
  clientId: 'signing',
  metadata: parseClientMetadata({ redirect_uris: ['https://app.example/cb'] }),
  authenticationMethod: 'private_key_jwt',
  secretMatches: () => true,
};
const configured = new Map([awkward, signing].map((client) => [client.clientId, client]));
const findClient: FindClient = async (id) => configured.get(id) ?? findRegistered(id);

/** Stands in for the proof of an assertion, which has a test of its own: the right one says `proven`. */
const verifyAssertion: VerifyAssertion = (assertion) =>
  assertion.endsWith('proven') ? Promise.resolve() : Promise.reject(clientRefusal('The assertion is wrong.'));

function basic(id: string, password: string): string {
  return `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
}

function authenticate(credentials: Partial<ClientCredentials>): Promise<Client> {
  const nothing = { authorization: undefined, clientId: undefined, clientSecret: undefined };
  return authenticateClient({ ...nothing, ...credentials }, findClient, verifyAssertion);
}

async function refusalOf(credentials: Partial<ClientCredentials>): Promise<AuthError> {
  const thrown: unknown = await authenticate(credentials).catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(AuthError);
  return thrown as AuthError;
}

describe('authenticateClient', () => {
  it('lets each client in by the method that it registered', async () => {
    const { clientId } = await authenticate({ clientId: publicClient.clientId });
    expect(clientId).toBe(publicClient.clientId);
    expect((await authenticate(postClient)).clientId).toBe(postClient.clientId);
    const authorization = basic(basicClient.clientId, basicClient.clientSecret);
    expect((await authenticate({ authorization })).clientId).toBe(basicClient.clientId);
  });

  it('takes a client_id in the form beside Basic when the two agree', async () => {
    const authorization = basic(basicClient.clientId, basicClient.clientSecret);
    expect((await authenticate({ authorization, clientId: basicClient.clientId })).clientId).toBe(basicClient.clientId);
    const error = await refusalOf({ authorization, clientId: publicClient.clientId });
    expect(error.code).toBe('invalid_request');
  });

  it('takes an empty client_secret of a public client for none', async () => {
    const { clientId } = publicClient;
    expect((await authenticate({ clientId, clientSecret: '' })).clientId).toBe(clientId);
  });

  it('takes a public client named by Basic with nothing for a password', async () => {
    const { clientId } = publicClient;
    expect((await authenticate({ authorization: basic(clientId, '') })).clientId).toBe(clientId);
    expect((await authenticate({ authorization: basic(clientId, ''), clientId, clientSecret: '' })).clientId).toBe(
      clientId,
    );
  });

  it('reads Basic form-encoded and raw, in any case of the scheme', async () => {
    const secret = 'a+b%20c:d/ü';
    const formEncoded = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
    const spellings = [
      basic(formEncoded(awkward.clientId), formEncoded(secret)),
      basic(encodeURIComponent(awkward.clientId), encodeURIComponent(secret)),
      basic(awkward.clientId, secret),
      basic(awkward.clientId, secret).replace('Basic ', 'basic  '),
    ];
    for (const authorization of spellings) expect(await authenticate({ authorization })).toBe(awkward);
  });

  it('reads whatever id and secret a Basic header holds, raw or form-encoded, and takes no other for them', async () => {
    const plain = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !/\p{C}/u.test(text));
    const tricky = fc.string({
      unit: fc.constantFrom('+', '%', ':', '/', '=', ' ', 'a', 'é', '4', '&'),
      minLength: 1,
      maxLength: 8,
    });
    const text = fc.oneof(plain, tricky);
    const encoded = (each: string) => encodeURIComponent(each).replaceAll('%20', '+');
    await fc.assert(
      fc.asyncProperty(text, text, text, async (id, secret, other) => {
        const client: Client = { ...awkward, clientId: id, secretMatches: (presented) => presented === secret };
        const find: FindClient = (each) => Promise.resolve(each === id ? client : undefined);
        const outcomeOf = (authorization: string) =>
          authenticateClient(
            { authorization, clientId: undefined, clientSecret: undefined },
            find,
            verifyAssertion,
          ).catch((error: unknown) => (error as AuthError).code);
        expect(await outcomeOf(basic(encoded(id), encoded(secret)))).toBe(client);
        if (!id.includes(':')) expect(await outcomeOf(basic(id, secret))).toBe(client);
        if (other !== secret) expect(await outcomeOf(basic(encoded(id), encoded(other)))).toBe('invalid_client');
        if (other !== id) expect(await outcomeOf(basic(encoded(other), encoded(secret)))).toBe('invalid_client');
      }),
      { seed: 7617, numRuns: 500 },
    );
  });

  it('answers any header and form at all with a client that was proven, or one of its two errors', async () => {
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((each) => `Basic ${Buffer.from(each).toString('base64')}`),
      fc.constantFrom('Basic', 'Basic ', 'Basic =', 'Basic Og==', 'Bearer x', basic(publicClient.clientId, 'x')),
    );
    const member = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(basicClient.clientId)), {
      nil: undefined,
    });
    await fc.assert(
      fc.asyncProperty(fc.option(header, { nil: undefined }), member, member, async (authorization, id, secret) => {
        const error = await refusalOf({ authorization, clientId: id, clientSecret: secret });
        expect(['invalid_client', 'invalid_request']).toContain(error.code);
      }),
      { seed: 7617, numRuns: 500 },
    );
  });

  it('reads Basic in which even letters are escaped', async () => {
    const escaped = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
    const authorization = basic(escaped(basicClient.clientId), escaped(basicClient.clientSecret));
    expect((await authenticate({ authorization })).clientId).toBe(basicClient.clientId);
  });

  it.each<[string, Partial<ClientCredentials>]>([
    ['Basic and a secret in the form', { authorization: basic(basicClient.clientId, 'a'), clientSecret: 'a' }],
    [
      'the right secret both ways',
      { authorization: basic(basicClient.clientId, basicClient.clientSecret), ...basicClient },
    ],
    ['a nameless header and a secret in the form', { authorization: 'Bearer abc', ...postClient }],
  ])('refuses two methods at once: %s', async (_, credentials) => {
    expect((await refusalOf(credentials)).code).toBe('invalid_request');
  });

  it.each<[string, Partial<ClientCredentials>]>([
    ['no client at all', {}],
    ['an empty client_id', { clientId: '' }],
    ['an unknown client', { clientId: 'somebody' }],
    ['an unknown client with a secret', { clientId: 'somebody', clientSecret: 'secret' }],
    ['an unknown client with Basic', { authorization: basic('somebody', 'secret') }],
    ['a member of every object', { clientId: 'constructor' }],
    ['a wrong secret in the form', { ...postClient, clientSecret: 'wrong' }],
    ['the secret of another client', { ...postClient, clientSecret: basicClient.clientSecret }],
    ['a wrong secret in Basic', { authorization: basic(basicClient.clientId, 'wrong') }],
    ['a confidential client without its secret', { clientId: basicClient.clientId }],
    ['a confidential client with an empty secret', { clientId: postClient.clientId, clientSecret: '' }],
    ['a confidential client with an empty password', { authorization: basic(basicClient.clientId, '') }],
    ['the form for a client of Basic', basicClient],
    ['Basic for a client of the form', { authorization: basic(postClient.clientId, postClient.clientSecret) }],
    ['a secret of a public client', { clientId: publicClient.clientId, clientSecret: 'secret' }],
    ['a password of a public client', { authorization: basic(publicClient.clientId, 'secret') }],
    ['an empty header', { authorization: '', clientId: publicClient.clientId }],
    ['another scheme', { authorization: 'Bearer abc', clientId: publicClient.clientId }],
    ['Basic without credentials', { authorization: 'Basic', clientId: publicClient.clientId }],
    ['Basic that is not base64', { authorization: 'Basic ***', clientId: publicClient.clientId }],
    ['Basic without a colon', { authorization: `Basic ${Buffer.from('somebody').toString('base64')}` }],
    ['Basic without a name', { authorization: basic('', 'secret') }],
    ['Basic with a control character', { authorization: basic(`${basicClient.clientId}\n`, 'secret') }],
    ['Basic with a broken escape', { authorization: basic(basicClient.clientId, '%zz') }],
    ['Basic of two', { authorization: `${basic('a', 'b')}, ${basic('c', 'd')}` }],
  ])('refuses %s, and always says the same', async (_, credentials) => {
    const error = await refusalOf(credentials);
    expect(error.code).toBe('invalid_client');
    expect(error.status).toBe(401);
    expect(error.message).toBe('The client is unknown, or did not authenticate as it registered.');
    expect(error.cause).toBeInstanceOf(AuthError);
  });

  describe('by an assertion', () => {
    const of = (sub: unknown, signature = 'proven') => `${encode({ alg: 'ES256' })}.${encode({ sub })}.${signature}`;
    const presented = (sub: unknown, signature?: string) => ({ assertionType, assertion: of(sub, signature) });

    it('finds the client by its subject, with or without a client_id', async () => {
      expect(await authenticate(presented('signing'))).toBe(signing);
      expect(await authenticate({ ...presented('signing'), clientId: 'signing' })).toBe(signing);
    });

    it.each<[string, Partial<ClientCredentials>]>([
      ['a secret', { clientSecret: 'secret' }],
      ['Basic', { authorization: basic('signing', 'secret') }],
      ['Basic without a password', { authorization: basic('signing', '') }],
      ['some other header', { authorization: 'Bearer abc' }],
      ['an empty header', { authorization: '' }],
    ])('refuses %s beside it', async (_, more) => {
      const error = await refusalOf({ ...presented('signing'), ...more });
      expect([error.code, error.message]).toEqual(['invalid_request', 'Use one client authentication method only.']);
    });

    it.each<[string, Partial<ClientCredentials>]>([
      ['an assertion without its type', { assertion: of('signing') }],
      ['a type without an assertion', { assertionType }],
      ['a type beside a client_id', { assertionType, clientId: publicClient.clientId }],
    ])('refuses %s', async (_, credentials) => {
      expect((await refusalOf(credentials)).code).toBe('invalid_request');
    });

    it.each<[string, Partial<ClientCredentials>]>([
      ['one that is not proven', presented('signing', 'wrong')],
      [
        'another type',
        { ...presented('signing'), assertionType: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' },
      ],
      ['one of nobody', presented('nobody')],
      ['one without a subject', presented(undefined)],
      ['a subject that is no text', presented(['signing'])],
      ['one that cannot be read', { assertionType, assertion: 'proven' }],
      ['one of a client of secrets', presented(postClient.clientId)],
      ['one of a public client', presented(publicClient.clientId)],
      ['the id of a signing client alone', { clientId: 'signing' }],
      ['a secret of a signing client', { clientId: 'signing', clientSecret: 'secret' }],
      ['Basic of a signing client', { authorization: basic('signing', 'secret') }],
    ])('refuses %s, and always says the same', async (_, credentials) => {
      const error = await refusalOf(credentials);
      expect([error.code, error.message]).toEqual([
        'invalid_client',
        'The client is unknown, or did not authenticate as it registered.',
      ]);
    });

    it('is proven for the client that the form names, and for no other', async () => {
      const asked: string[] = [];
      const noting: VerifyAssertion = (_, { clientId }) => Promise.resolve(void asked.push(clientId));
      const credentials = { authorization: undefined, clientSecret: undefined, ...presented('somebody else') };
      await authenticateClient({ ...credentials, clientId: 'signing' }, findClient, noting);
      expect(asked).toEqual(['signing']);
    });
  });

  it('tells neither answer nor log what was presented', async () => {
    const error = await refusalOf({ ...postClient, clientSecret: 'hunter2' });
    expect(`${error.message} ${String(error.cause)}`).not.toMatch(/hunter2/);
    expect(String(error.cause)).not.toContain(postClient.clientId);
  });

  it('lets a failing look-up be what it is', async () => {
    const away: FindClient = () => Promise.reject(new AuthError('temporarily_unavailable', 'Try again.'));
    const credentials = { authorization: undefined, clientId: 'a', clientSecret: undefined };
    await expect(authenticateClient(credentials, away, verifyAssertion)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });
});
