import { describe, expect, it } from 'vitest';
import { parseClientIdUrl } from '../../src/protocol/client-id-url.js';

describe('a client id that is a URL', () => {
  it.each([
    'https://claude.ai/oauth/mcp-oauth-client-metadata',
    'https://chatgpt.com/oauth/abc/client.json',
    'https://client.example:8443/client.json',
    'https://client.example/client.json?version=2',
    'https://client.example/a%20b',
    'https://client.example/a..b/.well-known/...',
    'https://client.example//client',
    'https://xn--mnchen-3ya.example/client',
    'https://127.0.0.1.example/client',
  ])('may be %s', (clientId) => {
    expect(parseClientIdUrl(clientId, false)?.href).toBe(clientId);
  });

  it.each([
    // draft §3: https and a path
    'http://client.example/client',
    'ftp://client.example/client',
    'client.example/client',
    '//client.example/client',
    'https://client.example',
    'https://client.example/',
    'https://client.example/?a=b',
    'https:/client.example/client',
    'https:client.example/client',
    'https:///client',
    // draft §3: no fragment, no user information, no dot segments
    'https://client.example/client#',
    'https://client.example/client#a',
    'https://user@client.example/client',
    'https://user:password@client.example/client',
    'https://@client.example/client',
    'https://client.example@evil.example/client',
    'https://client.example/./client',
    'https://client.example/a/../client',
    'https://client.example/a/..',
    'https://client.example/%2e%2e/client',
    'https://client.example/a/%2E/client',
    // another spelling of what is meant
    'HTTPS://client.example/client',
    'https://Client.example/client',
    'https://client.example:443/client',
    'https://client.example:08443/client',
    'https://client.example:/client',
    'https://client.example:99999/client',
    'https://client.example./client',
    'https://münchen.example/client',
    'https://client.example/ü',
    'https://client.example\\client',
    'https://client.example/a\\b',
    'https://client.example/a b',
    'https://client.example/a\tb',
    'https://client.example/a\r\nb',
    ' https://client.example/client',
    'https://client.example/client ',
    'https://client.example/%',
    'https://client.example/%zz',
    // no domain
    'https://intranet/client',
    'https://93.184.216.34/client',
    'https://[2606:4700::1111]/client',
    'https://[::ffff:7f00:1]/client',
    'https://2130706433/client',
    'https://0177.0.0.1/client',
    'https://0x7f.1/client',
    'https://１２７.0.0.1/client',
    'https://*.example/client',
    // this computer
    'https://localhost/client',
    'https://127.0.0.1/client',
    'https://[::1]/client',
    'http://localhost/client',
    `https://client.example/${'a'.repeat(1024)}`,
    '',
  ])('is never %j', (clientId) => {
    expect(parseClientIdUrl(clientId, false)).toBeUndefined();
  });

  it.each(['http://localhost:3000/client', 'http://127.0.0.1:3000/c', 'http://[::1]:3000/c', 'https://localhost/c'])(
    'may be %s in development',
    (clientId) => {
      expect(parseClientIdUrl(clientId, true)?.href).toBe(clientId);
    },
  );

  it.each(['http://client.example/client', 'http://10.0.0.1/client', 'http://a.localhost/client', 'http://0.0.0.0/c'])(
    'is not %s in development either',
    (clientId) => {
      expect(parseClientIdUrl(clientId, true)).toBeUndefined();
    },
  );
});
