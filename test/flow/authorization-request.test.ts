import { describe, expect, it } from 'vitest';
import { readAuthorizationRequest, readRequester, type Resource } from '../../src/flow/authorization-request.js';
import type { Client } from '../../src/clients/client.js';
import { identityScopes } from '../../src/protocol/user-profile.js';
import { parseParameters } from '../../src/protocol/parameters.js';

const resource = (url: string, scopes: string[], defaultScopes: string[]): Resource => ({
  url,
  scopes: new Map(scopes.map((scope) => [scope, `What ${scope} means`])),
  implied: new Map(),
  defaultScopes,
});
const mcp = resource('https://mcp.example/mcp', ['tools', 'notes', 'admin'], ['tools']);
const admin = resource('https://mcp.example/mcp/admin', ['admin'], ['admin']);
const byUrl = (...all: Resource[]) => new Map(all.map((each) => [each.url, each]));

const challenge = 'a'.repeat(43);
type Changes = Record<string, string | string[] | undefined>;

function read(
  changes: Changes = {},
  resources = byUrl(mcp, admin),
  client: Pick<Client, 'limits'> = {},
  identity: ReadonlyMap<string, string> = new Map(),
) {
  const query = new URLSearchParams();
  const all: Changes = {
    client_id: 'client',
    response_type: 'code',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  for (const [name, value = []] of Object.entries(all)) {
    for (const each of [value].flat()) query.append(name, each);
  }
  const parameters = parseParameters(query.toString());
  return readAuthorizationRequest(parameters, readRequester(parameters), resources, client, identity);
}

describe('an authorization request', () => {
  it('without scope and resource asks for the defaults of the first resource', () => {
    expect(read()).toEqual({
      clientId: 'client',
      codeChallenge: challenge,
      resource: mcp.url,
      scopes: ['tools'],
    });
  });

  it('keeps redirect URI and state as they were sent', () => {
    const sent = { redirect_uri: 'https://app.example/cb?a=%2F', state: 'a b&c=ü' };
    expect(read(sent)).toMatchObject({ redirectUri: sent.redirect_uri, state: sent.state });
    expect(Object.keys(read({ state: '' }))).not.toContain('state');
  });

  const scopes: [string | undefined, string[]][] = [
    [undefined, ['tools']],
    ['', ['tools']],
    ['notes', ['notes']],
    ['notes tools', ['notes', 'tools']],
    ['notes notes', ['notes']],
    ['notes unknown', ['notes']],
    ['unknown openid profile', ['tools']],
    ['offline_access', ['tools', 'offline_access']],
    ['offline_access notes', ['notes', 'offline_access']],
    ['unknown offline_access', ['tools', 'offline_access']],
    ['TOOLS', ['tools']],
    ['__proto__ constructor', ['tools']],
    ['notes  "quoted" \\', ['notes']],
  ];
  it.each(scopes)('for the scope %j asks the user for %j', (scope, expected) => {
    expect(read({ scope }).scopes).toEqual(expected);
  });

  const withIdentity: [string, string[]][] = [
    ['openid', ['tools', 'openid']],
    ['openid profile email', ['tools', 'openid', 'profile', 'email']],
    ['unknown openid notes', ['notes', 'openid']],
    ['openid offline_access', ['tools', 'openid', 'offline_access']],
    ['openid openid address phone', ['tools', 'openid']],
    ['OPENID', ['tools']],
  ];
  it.each(withIdentity)(
    'for the scope %j asks the user for %j where clients may know who that is',
    (scope, expected) => {
      expect(read({ scope }, byUrl(mcp), {}, identityScopes).scopes).toEqual(expected);
    },
  );

  it('gives nothing of the user to a client that asks for nothing', () => {
    expect(read({}, byUrl(mcp), {}, identityScopes).scopes).toEqual(['tools']);
  });

  it('names offline_access once, also when a resource has it among its own scopes', () => {
    const own = resource('https://mcp.example/mcp', ['tools', 'offline_access'], ['tools', 'offline_access']);
    expect(read({ scope: 'tools offline_access' }, byUrl(own)).scopes).toEqual(['tools', 'offline_access']);
    expect(read({}, byUrl(own)).scopes).toEqual(['tools', 'offline_access']);
  });

  const indicators: [string | string[], string][] = [
    [mcp.url, mcp.url],
    [`${mcp.url}/`, mcp.url],
    ['HTTPS://MCP.EXAMPLE:443/mcp', mcp.url],
    [[mcp.url, `${mcp.url}/`], mcp.url],
    [`${mcp.url}/below`, mcp.url],
    [admin.url, admin.url],
    [`${admin.url}/below`, admin.url],
  ];
  it.each(indicators)('for the resource %j means %s', (sent, expected) => {
    expect(read({ resource: sent }).resource).toBe(expected);
  });

  it('gives the defaults of the resource that it means', () => {
    expect(read({ resource: admin.url }).scopes).toEqual(['admin']);
    expect(read({ resource: admin.url, scope: 'tools' }).scopes).toEqual(['admin']);
  });

  it.each([
    'https://mcp.example/mcpx',
    'https://mcp.example/MCP',
    'https://mcp.example',
    'http://mcp.example/mcp',
    'https://other.example/mcp',
    'not a url',
    `${mcp.url}#fragment`,
  ])('is refused for the resource %j', (sent) => {
    expect(() => read({ resource: sent })).toThrow(expect.objectContaining({ code: 'invalid_target' }));
  });

  it('is refused when it means two resources, or there is none', () => {
    const invalid = expect.objectContaining({ code: 'invalid_target' }) as Error;
    expect(() => read({ resource: [mcp.url, admin.url] })).toThrow(invalid);
    expect(() => read({}, byUrl())).toThrow(invalid);
  });

  const refused: [Changes, string][] = [
    [{ request: 'a.b.c' }, 'request_not_supported'],
    [{ request_uri: 'https://app.example/request' }, 'request_uri_not_supported'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ prompt: 'none' }, 'consent_required'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge: 'a'.repeat(42) }, 'invalid_request'],
    [{ code_challenge: `${'a'.repeat(42)}=` }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: 's256' }, 'invalid_request'],
    [{ scope: ['tools', 'notes'] }, 'invalid_request'],
    [{ response_type: ['code', 'code'] }, 'invalid_request'],
  ];
  it.each(refused)('with %j is refused: %s', (changes, code) => {
    expect(() => read(changes)).toThrow(expect.objectContaining({ code }));
  });

  it('may say response_mode=query, and prompts that the page satisfies anyway', () => {
    expect(read({ response_mode: 'query', prompt: 'consent' })).toEqual(read());
  });
});

describe('who asks', () => {
  it('has to be said, once', () => {
    for (const query of ['', 'client_id=', 'client_id=a&client_id=b', 'client_id=a%00']) {
      expect(() => readRequester(parseParameters(query))).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
  });

  it('may have a state of 2048 bytes, counted as bytes', () => {
    const requester = (state: string) =>
      readRequester(parseParameters(`client_id=a&state=${encodeURIComponent(state)}`));
    expect(requester('a'.repeat(2048)).state).toHaveLength(2048);
    expect(requester('é'.repeat(1024)).state).toHaveLength(1024);
    for (const state of ['a'.repeat(2049), `a${'é'.repeat(1024)}`]) {
      expect(() => requester(state)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    }
  });
});

describe('an authorization request of a client with limits', () => {
  const limits = { scopes: ['notes', 'admin'], resources: [mcp.url] };
  const limited = (changes: Changes = {}) => read(changes, byUrl(mcp, admin), { limits });

  it('asks for nothing beyond them', () => {
    expect(limited({ scope: 'tools notes' }).scopes).toEqual(['notes']);
    expect(limited({ scope: 'tools' }).scopes).toEqual(['notes', 'admin']);
    expect(limited().scopes).toEqual(['notes', 'admin']);
    expect(limited({ scope: 'offline_access tools' }).scopes).toEqual(['notes', 'admin', 'offline_access']);
  });

  it('asks for nothing of the user that is not among them', () => {
    const ask = (scopes: string[]) =>
      read({ scope: 'openid email notes' }, byUrl(mcp), { limits: { scopes } }, identityScopes).scopes;
    expect(ask(['notes'])).toEqual(['notes']);
    expect(ask(['notes', 'openid'])).toEqual(['notes', 'openid']);
  });

  it('is for none but its resources', () => {
    expect(limited().resource).toBe(mcp.url);
    expect(() => limited({ resource: 'https://other.example/mcp' })).toThrow(
      expect.objectContaining({ code: 'invalid_target' }) as Error,
    );
    const elsewhere = { limits: { resources: [admin.url] } };
    expect(read({}, byUrl(mcp, admin), elsewhere).resource).toBe(admin.url);
    expect(() => read({ resource: mcp.url }, byUrl(mcp, admin), elsewhere)).toThrow(
      expect.objectContaining({ code: 'invalid_target' }) as Error,
    );
  });

  it('is refused where the resource has nothing for it', () => {
    const attempt = () => read({}, byUrl(mcp), { limits: { scopes: ['elsewhere'] } });
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_scope' }) as Error);
  });
});
