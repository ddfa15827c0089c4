import { describe, expect, it } from 'vitest';
import type { ConfigurationError, OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { parseOptions } from '../src/config.js';
import { testSecret } from './support/gatehouse.js';

type Documents = OAuthAuthorizationServerOptions['clientIdMetadataDocuments'];

function parse(clientIdMetadataDocuments: unknown, issuer = 'https://auth.example', production = false) {
  const providers = [oidcProvider({ issuer: 'https://login.example', clientId: 'id', clientSecret: 'secret' })];
  const options = { issuer, providers, secret: testSecret, store: 'sqlite:a' };
  const documents = clientIdMetadataDocuments as Documents;
  return parseOptions({ ...options, clientIdMetadataDocuments: documents }, production).clientIdMetadataDocuments;
}

function faultsOf(documents: unknown, issuer?: string, production?: boolean): string {
  try {
    parse(documents, issuer, production);
    return '';
  } catch (thrown) {
    return (thrown as ConfigurationError).faults.join('\n');
  }
}

const url = 'https://client.example/client.json';
const pinned = { client_id: url, client_name: 'A client', redirect_uris: ['https://client.example/cb'] };

describe('the option clientIdMetadataDocuments', () => {
  it('reads the documents of all domains, of none on loopback, unless it says otherwise', () => {
    const all = { deniedDomains: [], allowLoopback: false, pinned: new Map() };
    expect(parse(undefined)).toEqual(all);
    expect(parse({})).toEqual(all);
    expect(parse({ enabled: true })).toEqual(all);
  });

  it('can be turned off', () => {
    expect(parse(false)).toBeUndefined();
    expect(parse({ enabled: false, allowedDomains: ['client.example'] })).toBeUndefined();
  });

  it('takes domains and pinned documents', () => {
    expect(
      parse({ allowedDomains: ['client.example', 'xn--mnchen-3ya.example'], deniedDomains: ['bad.client.example'] }),
    ).toMatchObject({ allowedDomains: ['client.example', 'xn--mnchen-3ya.example'] });
    expect(parse({ pinned: { [url]: pinned } })?.pinned).toEqual(new Map([[url, pinned]]));
  });

  it.each([
    [true, 'has to be false, or an object'],
    ['client.example', 'has to be false, or an object'],
    [{ domains: [] }, 'domains is not an option'],
    [{ allowedDomains: [] }, 'set clientIdMetadataDocuments to false'],
    [{ allowedDomains: ['https://client.example'] }, 'allowedDomains.0 has to be a domain'],
    [{ allowedDomains: ['client.example/'] }, 'allowedDomains.0 has to be a domain'],
    [{ allowedDomains: ['client.example:443'] }, 'allowedDomains.0 has to be a domain'],
    [{ deniedDomains: ['*.client.example'] }, 'deniedDomains.0 has to be a domain'],
    [{ deniedDomains: ['Client.example'] }, 'deniedDomains.0 has to be a domain'],
    [{ deniedDomains: ['client.example.'] }, 'deniedDomains.0 has to be a domain'],
    [{ deniedDomains: [''] }, 'deniedDomains.0 has to be a domain'],
    [{ deniedDomains: ['127.1'] }, 'deniedDomains.0 has to be a domain'],
    [{ allowedDomains: ['client.example'], deniedDomains: ['client.example'] }, 'which allowedDomains has too'],
    [{ pinned: { 'https://client.example': pinned } }, 'is not the URL of a client'],
    [{ pinned: { 'http://localhost/client': pinned } }, 'is not the URL of a client'],
    [{ pinned: { [`${url}?a`]: pinned } }, 'client_id is not the URL of the document'],
    [{ pinned: { [url]: { ...pinned, client_secret: 'a' } } }, 'must not contain a client secret'],
    [{ pinned: { [url]: { ...pinned, redirect_uris: [] } } }, 'redirect_uris has to be a list'],
    [{ pinned: { [url]: null } }, 'has to be a JSON object'],
  ])('refuses %j at start', (documents, fault) => {
    expect(faultsOf(documents)).toContain(fault);
  });

  it('lets a server ask its own computer in development only', () => {
    const documents = { allowLoopback: true };
    expect(parse(documents, 'http://localhost:3000')).toMatchObject({ allowLoopback: true });
    expect(faultsOf(documents, 'http://localhost:3000', true)).toContain('refused in production');
    expect(faultsOf(documents, 'https://auth.example')).toContain('an issuer on loopback');
  });
});
