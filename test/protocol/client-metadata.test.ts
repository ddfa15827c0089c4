import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../src/protocol/auth-error.js';
import { parseClientMetadata } from '../../src/protocol/client-metadata.js';
import { commonRegistrations } from '../clients/common-registrations.js';

const redirect_uris = ['https://app.example/cb'];

function codeOf(document: unknown): string {
  try {
    parseClientMetadata(document);
    return 'accepted';
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AuthError);
    expect((thrown as AuthError).message).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/); // RFC 6749 §5.2
    return (thrown as AuthError).code;
  }
}

describe('parseClientMetadata', () => {
  it.each(Object.entries(commonRegistrations))('registers %s as it asks', (_, registration) => {
    const { grant_types, ...rest } = parseClientMetadata(registration);
    const { grant_types: declared, ...expected } = registration;
    expect(rest).toEqual(expected);
    expect(declared).toEqual(expect.arrayContaining([...grant_types]));
    expect(grant_types).toEqual(['authorization_code', 'refresh_token']);
  });

  it('fills in what is left out', () => {
    expect(parseClientMetadata({ redirect_uris })).toEqual({
      redirect_uris,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    });
  });

  it('takes null and blank text for absent', () => {
    const blank = { client_name: '  ', client_uri: '', tos_uri: null, scope: '', grant_types: null, software_id: null };
    expect(parseClientMetadata({ redirect_uris, ...blank })).toEqual(parseClientMetadata({ redirect_uris }));
  });

  it('ignores members that it does not know', () => {
    const unknown = {
      logo_uri: 'javascript:alert(1)',
      contacts: 5,
      jwks: {},
      client_id: 'mine',
      client_secret: 'mine',
    };
    expect(parseClientMetadata({ redirect_uris, ...unknown })).toEqual(parseClientMetadata({ redirect_uris }));
  });

  it('is not moved by members that name parts of a prototype', () => {
    const document: unknown = JSON.parse(
      '{"redirect_uris":["https://app.example/cb"],"__proto__":{"client_name":"evil"},"constructor":1,"toString":2}',
    );
    const metadata = parseClientMetadata(document);
    expect(metadata).toEqual(parseClientMetadata({ redirect_uris }));
    expect(metadata.client_name).toBeUndefined();
    expect(codeOf(JSON.parse('{"__proto__":{"redirect_uris":["https://app.example/cb"]}}'))).toBe(
      'invalid_redirect_uri',
    );
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'redirect_uris'],
    ['a number', 7],
    ['a list', [{ redirect_uris }]],
  ])('refuses %s for a document', (_, document) => {
    expect(codeOf(document)).toBe('invalid_client_metadata');
  });

  it.each([
    ['none at all', undefined],
    ['null', null],
    ['an empty list', []],
    ['text', 'https://app.example/cb'],
    ['an object', { 0: 'https://app.example/cb', length: 1 }],
    ['a number in the list', [7]],
    ['null in the list', [null]],
    ['a list in the list', [['https://app.example/cb']]],
    ['a bad one among good ones', ['https://app.example/cb', 'javascript:alert(1)']],
    ['more than fifty', Array.from({ length: 51 }, (_, index) => `https://app.example/${index}`)],
  ])('refuses redirect URIs: %s', (_, uris) => {
    expect(codeOf({ redirect_uris: uris })).toBe('invalid_redirect_uri');
  });

  it('keeps each redirect URI once, in order and to the letter', () => {
    const uris = ['https://App.example/cb', 'cursor://a/b', 'https://App.example/cb', 'http://127.0.0.1:1/'];
    expect(parseClientMetadata({ redirect_uris: uris }).redirect_uris).toEqual([
      'https://App.example/cb',
      'cursor://a/b',
      'http://127.0.0.1:1/',
    ]);
  });

  it('registers the supported part of what is declared', () => {
    const grant_types = ['refresh_token', 'urn:ietf:params:oauth:grant-type:device_code', 'authorization_code'];
    const metadata = parseClientMetadata({ redirect_uris, grant_types, response_types: ['code', 'id_token token'] });
    expect(metadata.grant_types).toEqual(['authorization_code', 'refresh_token']);
    expect(metadata.response_types).toEqual(['code']);
    expect(parseClientMetadata({ redirect_uris, grant_types: ['authorization_code'] }).grant_types).toEqual([
      'authorization_code',
    ]);
  });

  it.each([
    ['only other grant types', { grant_types: ['client_credentials', 'implicit'] }],
    ['no way to a first token', { grant_types: ['refresh_token'] }],
    ['no grant types', { grant_types: [] }],
    ['a grant type outside a list', { grant_types: 'authorization_code' }],
    ['only other response types', { response_types: ['token'] }],
    ['no response types', { response_types: [] }],
    ['an authentication method that is not supported', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['an authentication method of another type', { token_endpoint_auth_method: ['none'] }],
    ['a name that is too long', { client_name: 'a'.repeat(201) }],
    ['a name with a line break', { client_name: 'Good\nApp' }],
    ['a name with a NUL', { client_name: 'Good\u0000App' }],
    ['a name that turns its direction', { client_name: 'Good\u202eppA' }],
    ['a name with half a surrogate pair', { client_name: 'Good\ud83d' }],
    ['a name of another type', { client_name: { toString: 'x' } }],
    ['a home page with a line break', { client_uri: 'https://app.example/\n' }],
    ['a quote in a scope', { scope: 'read "write"' }],
    ['a list for a scope', { scope: ['read'] }],
    ['a version with a control character', { software_version: '1\u0007' }],
  ])('refuses %s', (_, members) => {
    expect(codeOf({ redirect_uris, ...members })).toBe('invalid_client_metadata');
  });

  it.each([
    ['a home page with script', { client_uri: 'javascript:alert(1)' }],
    ['a home page with http', { client_uri: 'http://app.example/' }],
    ['terms with user information', { tos_uri: 'https://good.example@evil.example/' }],
    ['a policy with spaces', { policy_uri: 'https://app.example/a b' }],
  ])('registers without %s, since nothing needs it', (_, members) => {
    expect(parseClientMetadata({ redirect_uris, ...members })).toEqual(parseClientMetadata({ redirect_uris }));
  });

  it('takes superfluous spaces out of a scope', () => {
    expect(parseClientMetadata({ redirect_uris, scope: ' read  write ' }).scope).toBe('read write');
  });

  it('takes names in any script, joined emoji included', () => {
    for (const client_name of ['Bücher-App', '日本語クライアント', '👩‍💻 Agent', '<script>alert(1)</script>']) {
      expect(parseClientMetadata({ redirect_uris, client_name }).client_name).toBe(client_name);
    }
  });

  it('keeps application_type and never refuses for it', () => {
    expect(parseClientMetadata({ redirect_uris, application_type: 'native' }).application_type).toBe('native');
    expect(parseClientMetadata({ redirect_uris, application_type: 'browser' }).application_type).toBeUndefined();
    expect(parseClientMetadata({ redirect_uris, application_type: 5 }).application_type).toBeUndefined();
  });

  it('throws nothing but its two errors, whatever it is given', () => {
    const member = fc.constantFrom('redirect_uris', 'client_name', 'scope', 'grant_types', 'client_uri', '__proto__');
    const value = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.array(fc.webUrl()));
    const document = fc.oneof(fc.jsonValue(), fc.dictionary(member, value));
    fc.assert(
      fc.property(document, (each) => {
        expect(['accepted', 'invalid_redirect_uri', 'invalid_client_metadata']).toContain(codeOf(each));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads what it has written as the same', () => {
    for (const registration of Object.values(commonRegistrations)) {
      const metadata = parseClientMetadata(registration);
      expect(parseClientMetadata(metadata)).toEqual(metadata);
    }
  });
});
