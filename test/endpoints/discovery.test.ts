import {
  OAuthMetadataSchema,
  OAuthProtectedResourceMetadataSchema,
  OpenIdProviderDiscoveryMetadataSchema,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import type { OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { requestText, sendRaw } from '../http/raw.js';
import { serveGate, type ServedGate } from '../http/serve.js';

type Json = Record<string, unknown>;

const originOf = (url: string) => new URL(url).origin;

async function read(url: string): Promise<Json> {
  const response = await fetch(url, { redirect: 'manual' });
  expect(response.status, url).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  return (await response.json()) as Json;
}

const withAndWithoutSlash = (paths: readonly string[]) => paths.flatMap((path) => [path, `${path}/`]);

/** The paths below which each document has to be found, for an issuer at the root and for one with a path. */
const layouts = [
  {
    path: '',
    server: withAndWithoutSlash(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']),
    resource: withAndWithoutSlash([
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-protected-resource/mcp',
      '/mcp/.well-known/oauth-protected-resource',
    ]),
    unknown: [
      '/.well-known/oauth-authorization-server/mcp',
      '/.well-known/openid-configuration/mcp',
      '/mcp/.well-known/openid-configuration',
    ],
  },
  {
    path: '/team',
    server: withAndWithoutSlash([
      '/.well-known/oauth-authorization-server/team',
      '/.well-known/openid-configuration/team',
      '/team/.well-known/oauth-authorization-server',
      '/team/.well-known/openid-configuration',
    ]),
    resource: withAndWithoutSlash([
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-protected-resource/team/mcp',
      '/team/mcp/.well-known/oauth-protected-resource',
    ]),
    // The issuer has a path, so a document about the bare origin would be one about somebody else.
    unknown: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
  },
];

describe.each(layouts)('discovery of an issuer with the path "$path"', ({ path, server, resource, unknown }) => {
  let gatehouse: Gatehouse;
  beforeAll(async () => {
    gatehouse = await startGatehouse({ path });
  });
  afterAll(() => gatehouse.close());

  const at = (each: string) => originOf(gatehouse.issuer) + each;

  it('serves one and the same document about the server at every path that clients try', async () => {
    for (const each of server) expect(await read(at(each)), each).toEqual(gatehouse.gate.getMetadata());
  });

  it('names the issuer, and everything below it, to the letter', async () => {
    const { issuer } = gatehouse;
    expect(await read(at(server[0] ?? ''))).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      registration_endpoint: `${issuer}/oauth/register`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      userinfo_endpoint: `${issuer}/oauth/userinfo`,
      jwks_uri: `${issuer}/oauth/jwks`,
      scopes_supported: ['mcp:tools', 'notes:write', 'offline_access'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256'],
      revocation_endpoint_auth_methods_supported: [
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
      revocation_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256'],
      code_challenge_methods_supported: ['S256'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      protected_resources: [`${issuer}/mcp`],
    });
  });

  it('serves the document about the resource at every path that clients try', async () => {
    for (const each of resource) {
      expect(await read(at(each)), each).toEqual({
        resource: gatehouse.mcpUrl,
        authorization_servers: [gatehouse.issuer],
        scopes_supported: ['mcp:tools'],
        bearer_methods_supported: ['header'],
        resource_name: 'Test server',
      });
    }
  });

  it('satisfies the schemas of the MCP SDK', async () => {
    for (const each of server) {
      const document = await read(at(each));
      expect(OAuthMetadataSchema.parse(document)).toMatchObject({ issuer: gatehouse.issuer });
      expect(OpenIdProviderDiscoveryMetadataSchema.parse(document)).toMatchObject({ issuer: gatehouse.issuer });
    }
    for (const each of resource) {
      const parsed = OAuthProtectedResourceMetadataSchema.parse(await read(at(each)));
      expect(parsed.authorization_servers).toEqual([gatehouse.issuer]);
    }
  });

  it('has no member that is null', async () => {
    for (const each of [...server, ...resource]) expect(JSON.stringify(await read(at(each)))).not.toContain('null');
  });

  it('publishes endpoints that exist', async () => {
    const { authorization_endpoint, token_endpoint, registration_endpoint, jwks_uri } = gatehouse.gate.getMetadata();
    expect((await fetch(authorization_endpoint)).status).toBe(400);
    expect((await fetch(token_endpoint, { method: 'POST' })).status).toBe(400);
    expect((await fetch(registration_endpoint ?? '', { method: 'POST' })).status).toBe(400);
    expect(await read(jwks_uri)).toMatchObject({ keys: [{ kty: 'EC', alg: 'ES256', use: 'sig' }] });
  });

  it('answers HEAD as GET, without a body', async () => {
    for (const each of [...server, ...resource, `${path}/oauth/jwks`]) {
      const full = await fetch(at(each));
      const head = await fetch(at(each), { method: 'HEAD' });
      expect(head.status, each).toBe(200);
      expect(await head.text()).toBe('');
      const length = String(Buffer.byteLength(await full.text()));
      expect(head.headers.get('content-length')).toBe(length);
      expect(head.headers.get('content-type')).toBe('application/json');
    }
  });

  it('lets scripts of every origin read, never with credentials', async () => {
    for (const each of [...server, ...resource]) {
      const { headers } = await fetch(at(each), { headers: { origin: 'https://inspector.example' } });
      expect(headers.get('access-control-allow-origin'), each).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('answers a preflight with every header that MCP clients send', async () => {
    for (const each of [...server, ...resource, ...unknown, `${path}/oauth/token`, `${path}/oauth/register`]) {
      const { status, headers } = await fetch(at(each), {
        method: 'OPTIONS',
        headers: {
          origin: 'https://inspector.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'mcp-protocol-version',
        },
      });
      expect(status, each).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      const allowed = (headers.get('access-control-allow-headers') ?? '').toLowerCase().split(', ');
      expect(allowed).toEqual(
        expect.arrayContaining([
          'authorization',
          'content-type',
          'mcp-protocol-version',
          'mcp-session-id',
          'mcp-method',
          'mcp-name',
          'last-event-id',
        ]),
      );
      const exposed = (headers.get('access-control-expose-headers') ?? '').toLowerCase().split(', ');
      expect(exposed).toEqual(expect.arrayContaining(['www-authenticate', 'mcp-session-id']));
      const method = each.includes('/oauth/') ? 'POST' : 'GET';
      expect(headers.get('access-control-allow-methods')).toContain(method);
    }
  });

  it('answers documents that it does not have with 404 in JSON: no page, no redirect', async () => {
    const invented = ['/.well-known/', '/.well-known/security.txt', `${path}/mcp/.well-known/x`];
    for (const each of [...unknown, ...invented]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const response = await fetch(at(each), { method, redirect: 'manual' });
        expect(response.status, `${method} ${each}`).toBe(404);
        expect(response.headers.get('content-type'), each).toBe('application/json');
        expect(response.headers.get('access-control-allow-origin')).toBe('*');
        expect(await response.json()).toHaveProperty('error');
      }
    }
  });

  it('refuses every other method with 405, and says which it takes', async () => {
    for (const each of [...server, ...resource, `${path}/oauth/jwks`]) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const response = await fetch(at(each), { method });
        expect(response.status, `${method} ${each}`).toBe(405);
        expect(response.headers.get('allow')).toBe('GET, HEAD');
        expect(response.headers.get('content-type')).toBe('application/json');
        expect(response.headers.get('cache-control')).toBe('no-store');
      }
    }
  });

  it('lets clients keep the documents for minutes', async () => {
    for (const each of [...server, ...resource]) {
      expect((await fetch(at(each))).headers.get('cache-control')).toBe('public, max-age=300');
    }
  });

  it('says the same whatever Host and the headers of proxies claim', async () => {
    const lies = [
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Port: 444',
      'X-Forwarded-Prefix: /evil',
      'Forwarded: host=evil.example;proto=https',
      'X-Original-URL: /evil',
    ];
    for (const each of [...server, ...resource]) {
      const honest = JSON.stringify(await read(at(each)));
      const answer = await sendRaw(gatehouse.issuer, requestText('GET', each, lies));
      expect(answer?.body, each).toBe(honest);
    }
  });
});

describe('discovery of several resources', () => {
  let served: ServedGate;
  let origin: string;
  beforeAll(async () => {
    served = await serveGate((issuer): Partial<OAuthAuthorizationServerOptions> => ({
      resources: [
        { url: `${issuer}/mcp/`, scopes: { read: 'Read' } },
        { url: `${issuer}/mcp/admin`, name: 'Administration', documentation: 'https://docs.example/admin' },
        { url: 'https://other.example/tools', scopes: { read: 'Read', write: 'Write' }, defaultScopes: ['read'] },
        { url: 'https://third.example', name: 'At a root' },
      ],
    }));
    origin = served.issuer;
  });
  afterAll(() => served.close());

  it('has a document for each, below the path of each', async () => {
    const documents = {
      '/mcp': { resource: `${origin}/mcp`, scopes_supported: ['read'] },
      '/mcp/admin': {
        resource: `${origin}/mcp/admin`,
        resource_name: 'Administration',
        resource_documentation: 'https://docs.example/admin',
      },
      '/tools': { resource: 'https://other.example/tools', scopes_supported: ['read'] },
      '': { resource: 'https://third.example', resource_name: 'At a root' },
    };
    for (const [path, document] of Object.entries(documents)) {
      const expected = { authorization_servers: [origin], bearer_methods_supported: ['header'], ...document };
      const paths = [`/.well-known/oauth-protected-resource${path}`, `${path}/.well-known/oauth-protected-resource`];
      for (const each of withAndWithoutSlash(paths)) expect(await read(origin + each), each).toEqual(expected);
    }
  });

  it('leaves scopes out where a resource has none', async () => {
    const document = await read(`${origin}/.well-known/oauth-protected-resource/mcp/admin`);
    expect(document).not.toHaveProperty('scopes_supported');
  });

  it('lists all of them, and each scope once, in the document about the server', async () => {
    expect(await read(`${origin}/.well-known/oauth-authorization-server`)).toMatchObject({
      scopes_supported: ['read', 'write', 'offline_access'],
      protected_resources: [
        `${origin}/mcp`,
        `${origin}/mcp/admin`,
        'https://other.example/tools',
        'https://third.example',
      ],
    });
  });

  it('keeps offline_access out of what is said about resources', async () => {
    for (const path of ['/mcp', '/mcp/admin', '/tools', '']) {
      const document = await read(`${origin}/.well-known/oauth-protected-resource${path}`);
      expect(JSON.stringify(document)).not.toContain('offline_access');
    }
  });
});

describe('discovery without registration', () => {
  it('neither advertises nor serves it', async () => {
    const gatehouse = await startGatehouse({ enableDCR: false });
    try {
      const document = await read(`${gatehouse.issuer}/.well-known/oauth-authorization-server`);
      expect(document).not.toHaveProperty('registration_endpoint');
      const answer = await fetch(`${gatehouse.issuer}/oauth/register`, { method: 'POST' });
      expect(answer.status).toBe(404);
    } finally {
      await gatehouse.close();
    }
  });
});
