import { OAuthProtectedResourceMetadataSchema } from '@modelcontextprotocol/sdk/shared/auth.js';
import { createProtectedResourceMetadata } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';

const least = { resource: 'https://mcp.example/mcp', authorizationServers: ['https://auth.example'] };

describe('protected resource metadata', () => {
  it('is a document of RFC 9728', () => {
    const document = createProtectedResourceMetadata({
      resource: 'HTTPS://MCP.example:443/mcp/',
      authorizationServers: ['https://auth.example', 'https://tenant.auth0.example/'],
      scopesSupported: ['read', 'write', 'read', 'offline_access'],
      resourceName: 'Orders',
      resourceDocumentation: 'https://docs.example/mcp',
    });
    expect(document).toEqual({
      resource: 'https://mcp.example/mcp',
      authorization_servers: ['https://auth.example', 'https://tenant.auth0.example/'],
      scopes_supported: ['read', 'write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
      resource_documentation: 'https://docs.example/mcp',
    });
    expect(OAuthProtectedResourceMetadataSchema.parse(document)).toEqual(document);
  });

  it('leaves out what is not said', () => {
    expect(createProtectedResourceMetadata({ ...least, scopesSupported: ['offline_access'] })).toEqual({
      resource: 'https://mcp.example/mcp',
      authorization_servers: ['https://auth.example'],
      bearer_methods_supported: ['header'],
    });
  });

  it.each([
    ['resource', { resource: '/mcp' }],
    ['resource', { resource: 'https://mcp.example/mcp?a=b' }],
    ['resource', { resource: 'https://mcp.example/mcp#a' }],
    ['authorizationServers', { authorizationServers: [] }],
    ['authorizationServers', { authorizationServers: ['auth.example'] }],
    ['scopesSupported', { scopesSupported: ['read write'] }],
    ['resourceDocumentation', { resourceDocumentation: 'javascript:alert(1)' }],
  ])('says that %s cannot be used', (member, change) => {
    const make = () => createProtectedResourceMetadata({ ...least, ...change });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`createProtectedResourceMetadata: ${member} has to be `);
  });
});
