import { createServer } from 'node:http';
import { discoverOAuthProtectedResourceMetadata } from '@modelcontextprotocol/sdk/client/auth.js';
import { ConfigurationError, createResourceServer, type ResourceServerOptions } from 'mcp-gatehouse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webListener } from '../http/web-listener.js';
import { serve, type Served } from '../http/serve.js';
import { callResource, signIn } from '../support/client.js';
import { introspectionKey, startRemoteServer, type RemoteServer } from './remote-server.js';

const issuer = 'https://auth.example.com/team';
const resource = 'https://notes.example.com/mcp';
const make = (options: Partial<ResourceServerOptions> = {}) => createResourceServer({ issuer, resource, ...options });

describe('an MCP server far from its authorization server', () => {
  let remote: RemoteServer;
  beforeAll(async () => {
    remote = await startRemoteServer();
  });
  afterAll(() => remote.close());

  it('leads a client from a refusal to the authorization server, which knows the resource', async () => {
    const refusal = await callResource(remote.url, undefined);
    expect(refusal.status).toBe(401);
    const challenge = refusal.headers.get('www-authenticate') ?? '';
    const [, url = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    expect(url).toBe(`${new URL(remote.url).origin}/.well-known/oauth-protected-resource/mcp`);
    const document = await discoverOAuthProtectedResourceMetadata(remote.url);
    expect(document).toEqual(remote.server.getMetadata());
    expect(document).toMatchObject({ resource: remote.url, resource_name: 'Notes', scopes_supported: ['mcp:tools'] });
    expect(document.authorization_servers).toEqual([remote.gatehouse.gate.getMetadata().issuer]);
    expect(remote.gatehouse.gate.getMetadata().protected_resources).toEqual([remote.url]);
  });

  it('leaves everything else to its application, other documents below /.well-known/ too', async () => {
    const { origin } = new URL(remote.url);
    for (const path of ['/', '/mcp/x', '/.well-known/oauth-authorization-server', '/.well-known/apple-app-site']) {
      const answer = await fetch(origin + path);
      expect([answer.status, await answer.text()]).toEqual([404, 'The application has no such page.']);
    }
    const posted = await fetch(`${origin}/.well-known/oauth-protected-resource`, { method: 'POST' });
    expect(await posted.text()).toBe('The application has no such page.');
  });

  it('stands before web-standard handlers just as well', async () => {
    const { accessToken } = await signIn(remote.gatehouse.issuer, 'alice', { resource: remote.url });
    const guarded = remote.server.withBearerAuth((_request, { auth }) => Response.json(auth.extra.sub), {
      scopes: ['mcp:tools'],
    });
    const request = (token: string) => new Request(remote.url, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await guarded(request(accessToken))).json()).toBe('oidc|alice');
    expect((await guarded(request('x'))).status).toBe(401);
    const narrow = remote.server.withBearerAuth(() => new Response(), { scopes: ['notes:read'] });
    expect((await narrow(request(accessToken))).status).toBe(403);
  });

  it('refuses a gate with a scope that it does not know', () => {
    expect(() => remote.server.requireBearerAuth({ scopes: ['unknown'] })).toThrow(ConfigurationError);
    expect(() => remote.server.withBearerAuth(() => new Response(), { scopes: ['unknown'] })).toThrow('unknown');
  });
});

describe.each(['node:http', 'fetch'])('the metadata of a resource, on %s', (adapter) => {
  let served: Served;
  beforeAll(async () => {
    const server = make({ documentation: 'https://notes.example.com/docs', scopes: { read: 'Read', write: 'Write' } });
    const listener = adapter === 'fetch' ? webListener(server.fetch) : server.createRouter();
    served = await serve(() => (request, response) => listener(request, response));
  });
  afterAll(() => served.close());

  it('is at its own path, and at the root', async () => {
    for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
      const answer = await fetch(served.origin + path);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(await answer.json()).toEqual({
        resource,
        authorization_servers: [issuer],
        scopes_supported: ['read', 'write'],
        bearer_methods_supported: ['header'],
        resource_documentation: 'https://notes.example.com/docs',
      });
      const head = await fetch(served.origin + path, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
      expect((await fetch(served.origin + path, { method: 'OPTIONS' })).status).toBe(204);
    }
  });

  it('is nowhere else', async () => {
    for (const path of [
      '/',
      '/mcp',
      '/.well-known/oauth-protected-resource/other',
      '/.well-known/openid-configuration',
    ]) {
      expect((await fetch(served.origin + path)).status).toBe(404);
    }
  });
});

describe('the options of a resource server', () => {
  const faultsOf = (options: object): readonly string[] => {
    try {
      createResourceServer(options as ResourceServerOptions);
    } catch (error) {
      if (error instanceof ConfigurationError) return error.faults;
      throw error;
    }
    return [];
  };

  it('are an issuer and a resource, and are taken as they are', () => {
    expect(make().getMetadata()).toMatchObject({ resource, authorization_servers: [issuer] });
    expect(make({ issuer: 'https://auth.example.com/' }).getMetadata().authorization_servers).toEqual([
      'https://auth.example.com/',
    ]);
    expect(make({ resource: 'HTTPS://Notes.Example.com:443/mcp/' }).getMetadata().resource).toBe(resource);
    expect(make({ name: undefined, scopes: undefined, introspection: undefined, log: undefined })).toBeDefined();
  });

  it.each<[string, object, string]>([
    ['a missing issuer', { issuer: undefined }, 'issuer is missing'],
    ['a missing resource', { resource: undefined }, 'resource is missing'],
    ['an issuer on plain http', { issuer: 'http://auth.example.com' }, 'issuer has to be an https URL'],
    ['an issuer with a query', { issuer: 'https://auth.example.com/?x' }, 'issuer has to be an https URL'],
    ['a resource on plain http', { resource: 'http://notes.example.com/mcp' }, 'resource has to be https'],
    ['a resource with a fragment', { resource: `${resource}#x` }, 'resource has to be the URL'],
    ['a symmetric algorithm', { algorithms: ['ES256', 'HS256'] }, 'algorithms.1 has to be one of RS256'],
    ['no algorithm', { algorithms: ['none'] }, 'algorithms.0 has to be one of'],
    ['no algorithms', { algorithms: [] }, 'algorithms is empty'],
    [
      'a key and a client',
      { introspection: { key: 'x', clientId: 'y', clientSecret: 'z' } },
      'introspection needs either',
    ],
    ['half of a client', { introspection: { clientId: 'y' } }, 'introspection needs either'],
    ['nobody to ask as', { introspection: {} }, 'introspection needs either'],
    [
      'the hash of a key',
      { introspection: { key: `sha256:${'a'.repeat(64)}` } },
      'introspection.key has to be the key',
    ],
    [
      'a key with a line end',
      { introspection: { key: `${introspectionKey}\n` } },
      'introspection.key has to be the key',
    ],
    ['what is kept for too long', { introspection: { key: 'x', cacheTtl: 301 } }, 'introspection.cacheTtl'],
    ['a scope that is none', { scopes: { 'a b': 'x' } }, 'scopes has a name that is no scope token'],
    ['an unknown default', { scopes: { a: 'x' }, defaultScopes: ['b'] }, 'has defaultScopes that are not among'],
    [
      'an unknown included scope',
      { scopes: { a: { description: 'x', implies: ['b'] } } },
      'has a scope that implies one',
    ],
    ['a clock that stands', { clock: 0 }, 'clock has to be a function'],
    ['what is no option', { audience: 'x' }, 'audience is not an option'],
  ])('are refused with %s', (_, options, fault) => {
    const faults = faultsOf({ issuer, resource, ...options });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });

  it('are refused with all faults at once, and when there are none', () => {
    expect(faultsOf({ issuer: 'x', resource: 'x', algorithms: [] })).toHaveLength(3);
    expect(() => createResourceServer(undefined as unknown as ResourceServerOptions)).toThrow('issuer is missing');
  });

  it('ask nobody when they are read', () => {
    const fetch = () => Promise.reject(new Error('asked'));
    const router = make({ fetch, introspection: { key: introspectionKey } }).createRouter();
    createServer(router).close();
  });
});
