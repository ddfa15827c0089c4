import { describe, expect, it } from 'vitest';
import { parseMetadataDocument } from '../../src/protocol/client-metadata-document.js';

const url = 'https://client.example/client.json';
const minimal = { client_id: url, client_name: 'A client', redirect_uris: ['https://client.example/cb'] };
const publicKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: '1', use: 'sig', key_ops: ['verify'] };

const parse = (changes: Record<string, unknown>, without: readonly string[] = []) =>
  parseMetadataDocument(
    Object.fromEntries(Object.entries({ ...minimal, ...changes }).filter(([name]) => !without.includes(name))),
    url,
  );

const invalid = { code: 'invalid_client_metadata' };

describe('a client metadata document', () => {
  it('needs an id, a name and redirect URIs, and is that of a public client unless it says otherwise', () => {
    expect(parse({})).toEqual({
      client_name: 'A client',
      redirect_uris: ['https://client.example/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    });
  });

  it.each(['client_id', 'client_name'])('is refused without %s', (member) => {
    expect(() => parse({}, [member])).toThrow(expect.objectContaining(invalid));
    for (const value of [null, '', ' ', 1, {}, [minimal.client_id]]) {
      expect(() => parse({ [member]: value }), JSON.stringify(value)).toThrow(expect.objectContaining(invalid));
    }
  });

  it('is refused without redirect URIs', () => {
    expect(() => parse({}, ['redirect_uris'])).toThrow(expect.objectContaining({ code: 'invalid_redirect_uri' }));
    for (const redirect_uris of [null, [], 'https://client.example/cb', [1], [null], {}]) {
      expect(() => parse({ redirect_uris })).toThrow(expect.objectContaining({ code: 'invalid_redirect_uri' }));
    }
  });

  it.each([
    'https://client.example/client.json/',
    'https://client.example/client.json?',
    'https://CLIENT.example/client.json',
    'https://client.example:443/client.json',
    'https://client.example/a/../client.json',
    ' https://client.example/client.json',
    'https://evil.example/client.json',
  ])('is refused when it says that it is %s', (client_id) => {
    expect(() => parse({ client_id })).toThrow(expect.objectContaining(invalid));
  });

  it.each([
    { client_secret: 'a' },
    { client_secret: null },
    { client_secret: '' },
    { client_secret_expires_at: 0 },
    { token_endpoint_auth_method: 'client_secret_basic' },
    { token_endpoint_auth_method: 'client_secret_post' },
    { token_endpoint_auth_method: 'client_secret_jwt' },
    { token_endpoint_auth_method: 'tls_client_auth' },
    { token_endpoint_auth_method: '' },
    { token_endpoint_auth_method: ['none'] },
  ])('is refused with %o', (changes) => {
    expect(() => parse(changes)).toThrow(expect.objectContaining(invalid));
  });

  it.each([
    'javascript:alert(1)',
    'http://client.example/cb',
    'https://client.example/cb#',
    'https://user@client.example/cb',
    'https://client.example/a/../cb',
    'https://*.client.example/cb',
    'http://localhost:80@evil.example/cb',
  ])('is refused with the redirect URI %s, as a registration is', (uri) => {
    expect(() => parse({ redirect_uris: ['https://client.example/cb', uri] })).toThrow(
      expect.objectContaining({ code: 'invalid_redirect_uri' }),
    );
  });

  it('may name a loopback host without a port', () => {
    const redirect_uris = ['http://localhost/callback', 'http://127.0.0.1/callback'];
    expect(parse({ redirect_uris })).toMatchObject({ redirect_uris });
  });

  it('keeps of what it declares what exists here', () => {
    const declared = {
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types: ['code'],
      logo_uri: 'https://client.example/logo.png',
      contacts: ['somebody'],
      scope: 'a b',
      made_up: { deep: [1] },
    };
    const metadata = parse(declared);
    expect(metadata).toMatchObject({ grant_types: ['authorization_code', 'refresh_token'], scope: 'a b' });
    for (const member of ['client_id', 'logo_uri', 'contacts', 'made_up']) expect(metadata).not.toHaveProperty(member);
  });

  it('has a website on its own host only', () => {
    expect(parse({ client_uri: 'https://client.example/about' })).toHaveProperty('client_uri');
    for (const client_uri of ['https://other.example/', 'https://www.client.example/', 'https://client.example:444/']) {
      expect(parse({ client_uri })).not.toHaveProperty('client_uri');
    }
  });

  it.each([
    [{ jwks_uri: 'https://client.example/jwks' }, { jwks_uri: 'https://client.example/jwks' }],
    [{ jwks: { keys: [publicKey] } }, { jwks: { keys: [publicKey] } }],
    [{ jwks: { keys: [] }, jwks_uri: null }, { jwks: { keys: [] } }],
  ])('may authenticate with keys of its own: %o', (declared, kept) => {
    const method = { token_endpoint_auth_method: 'private_key_jwt' };
    const metadata = parse({ ...declared, ...method });
    expect(metadata).toMatchObject({ ...kept, ...method });
    expect(parse(declared)).not.toHaveProperty('jwks_uri');
  });

  it.each([
    {},
    { jwks: { keys: [publicKey] }, jwks_uri: 'https://client.example/jwks' },
    { jwks_uri: 'http://client.example/jwks' },
    { jwks_uri: 'http://127.0.0.1/jwks' },
    { jwks_uri: 'https://user@client.example/jwks' },
    { jwks_uri: 'file:///etc/passwd' },
    { jwks_uri: 1 },
    { jwks: [publicKey] },
    { jwks: { keys: [{ ...publicKey, d: 'private' }] } },
    { jwks: { keys: [{ kty: 'oct', k: 'secret' }] } },
    { jwks: { keys: ['text'] } },
    { jwks: { keys: [{ kty: 'EC', x: { deep: {} } }] } },
    { jwks: { keys: Array.from({ length: 21 }, () => publicKey) } },
  ])('is refused when it declares private_key_jwt with %o', (declared) => {
    expect(() => parse({ ...declared, token_endpoint_auth_method: 'private_key_jwt' })).toThrow(
      expect.objectContaining(invalid),
    );
  });

  it.each([null, undefined, 'text', 1, true, [minimal], []])('is refused when it is %j', (document) => {
    expect(() => parseMetadataDocument(document, url)).toThrow(expect.objectContaining(invalid));
  });

  it('takes the last of two members of one name, and checks what it takes', () => {
    const twice = (first: string, second: string) =>
      JSON.parse(
        `{"client_id":"${first}","client_id":"${second}","client_name":"a","redirect_uris":["https://client.example/cb"]}`,
      ) as unknown;
    expect(parseMetadataDocument(twice('https://evil.example/c', url), url)).toHaveProperty('client_name', 'a');
    expect(() => parseMetadataDocument(twice(url, 'https://evil.example/c'), url)).toThrow(
      expect.objectContaining(invalid),
    );
  });

  it('inherits nothing from a member called __proto__', () => {
    const text = `{"__proto__":${JSON.stringify(minimal)}}`;
    expect(() => parseMetadataDocument(JSON.parse(text), url)).toThrow(expect.objectContaining(invalid));
    const with_ = JSON.stringify(minimal).replace(
      '{',
      '{"__proto__":{"polluted":true,"client_uri":"https://a.example"},',
    );
    expect(parseMetadataDocument(JSON.parse(with_), url)).not.toHaveProperty('polluted');
    expect(parseMetadataDocument(JSON.parse(with_), url)).not.toHaveProperty('client_uri');
  });

  it('repeats in a fault nothing that the document said', () => {
    for (const changes of [
      { client_id: 'canary' },
      { token_endpoint_auth_method: 'canary' },
      { client_name: ['canary'] },
    ]) {
      expect(() => parse(changes)).toThrow(expect.not.stringContaining('canary') as Error);
    }
  });
});
