import { describe, expect, it, vi } from 'vitest';
import { createAskIssuer, type WebFetch } from '../../src/resource/ask-issuer.js';
import { createIssuerMetadata } from '../../src/resource/issuer-metadata.js';

const now = 1_800_000_000;
const unavailable = {
  code: 'temporarily_unavailable',
  message: 'The authorization server cannot be asked at present.',
};

/** Finds the metadata where these documents are, by their paths; every other one is 404. */
function metadataOf(issuer: string, documents: Record<string, unknown>) {
  const asked: string[] = [];
  const fetch: WebFetch = (url, init) => {
    asked.push(url);
    expect(init.redirect).toBe('manual');
    const found = documents[new URL(url).pathname];
    if (found instanceof Response) return Promise.resolve(found);
    const body = typeof found === 'string' ? found : JSON.stringify(found);
    return Promise.resolve(new Response(body, { status: found === undefined ? 404 : 200 }));
  };
  return { copy: createIssuerMetadata(issuer, createAskIssuer(fetch), () => now), asked };
}

const paths = [
  ['https://auth.example', '/.well-known/oauth-authorization-server'],
  ['https://auth.example', '/.well-known/openid-configuration'],
  ['https://auth.example/', '/.well-known/openid-configuration'],
  ['https://auth.example/team', '/.well-known/oauth-authorization-server/team'],
  ['https://auth.example/team', '/.well-known/openid-configuration/team'],
  ['https://auth.example/team', '/team/.well-known/openid-configuration'],
  ['https://auth.example/team/', '/team/.well-known/openid-configuration'],
] as const;

describe('the metadata of an issuer', () => {
  it.each(paths)('of %s is found at %s', async (issuer, path) => {
    const { copy } = metadataOf(issuer, { [path]: { issuer, jwks_uri: 'https://keys.example/jwks' } });
    expect(await copy.current()).toEqual({ jwksUri: 'https://keys.example/jwks', introspectionEndpoint: undefined });
  });

  it('is asked for below the issuer only, once at each place', async () => {
    const { copy, asked } = metadataOf('https://auth.example/team', {});
    await expect(copy.current()).rejects.toMatchObject(unavailable);
    expect(asked).toEqual([
      'https://auth.example/.well-known/oauth-authorization-server/team',
      'https://auth.example/.well-known/openid-configuration/team',
      'https://auth.example/team/.well-known/openid-configuration',
    ]);
  });

  const issuer = 'https://auth.example';
  const path = '/.well-known/oauth-authorization-server';
  it.each<[string, unknown]>([
    ['of another issuer', { issuer: 'https://other.example' }],
    ['of one that is spelled otherwise', { issuer: `${issuer}/` }],
    ['of nobody', {}],
    ['with keys on plain http', { issuer, jwks_uri: 'http://auth.example/jwks' }],
    ['with keys on this very computer', { issuer, jwks_uri: 'http://127.0.0.1/jwks' }],
    ['with keys at a host that parsers see in two ways', { issuer, jwks_uri: 'https://auth.example\\@evil.example/' }],
    ['with keys that are no URL', { issuer, jwks_uri: ['https://auth.example/jwks'] }],
    ['with an introspection endpoint in a file', { issuer, introspection_endpoint: 'file:///etc/passwd' }],
    ['in HTML', '<html>'],
    ['huge', JSON.stringify({ issuer, padding: 'x'.repeat(300_000) })],
    ['elsewhere', Response.redirect('https://evil.example/', 307)],
  ])('is not taken when it is %s', async (_, document) => {
    const { copy } = metadataOf(issuer, { [path]: document });
    await expect(copy.current()).rejects.toMatchObject(unavailable);
  });

  it('is on loopback where the issuer is', async () => {
    const issuer = 'http://127.0.0.1:9';
    const { copy } = metadataOf(issuer, { [path]: { issuer, jwks_uri: `${issuer}/jwks` } });
    expect(await copy.current()).toMatchObject({ jwksUri: `${issuer}/jwks` });
  });
});

describe('a question to an issuer', () => {
  const never = () => new Promise<never>(() => undefined);
  const dripping = () => Promise.resolve(new Response(new ReadableStream({ pull: never })));
  it.each<[string, WebFetch]>([
    ['never answers', never],
    ['never ends its answer', dripping],
  ])('is given up after five seconds when it %s', async (_, fetch) => {
    vi.useFakeTimers();
    try {
      const asked = expect(createAskIssuer(fetch)('https://auth.example/')).rejects.toMatchObject({ code: 'TIMEOUT' });
      await vi.advanceTimersByTimeAsync(5000);
      await asked;
    } finally {
      vi.useRealTimers();
    }
  });

  it('says nothing of what was sent when it fails', async () => {
    const secret = 'a-key-that-nobody-may-see';
    const fails = () => Promise.reject(new Error(`could not send ${secret}`));
    const fault: unknown = await createAskIssuer(fails)('https://auth.example/').catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'FAILED' });
    expect(String(fault)).not.toContain(secret);
  });
});
