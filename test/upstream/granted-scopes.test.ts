import { describe, expect, it } from 'vitest';
import { azureProvider } from '../../providers/azure.js';
import { githubProvider } from '../../providers/github.js';
import { googleProvider } from '../../providers/google.js';
import { oidcProvider } from '../../providers/oidc.js';
import { grantedScopes, missingScopes } from '../../src/upstream/granted-scopes.js';
import type { UpstreamProvider } from '../../src/upstream/provider.js';

const client = { clientId: 'a', clientSecret: 'b' };
const google = googleProvider(client);
const github = githubProvider(client);
const azure = azureProvider({ ...client, tenant: 'contoso.example' });
const any = oidcProvider({ ...client, issuer: 'https://id.example' });
const api = 'https://www.googleapis.com/auth/userinfo';
const tokens = (scope?: string) => ({ access_token: 'x', token_type: 'bearer', ...(scope !== undefined && { scope }) });

describe('the scopes that a provider says it granted', () => {
  it('have the names that were asked for', () => {
    expect(grantedScopes(google, tokens(`${api}.email ${api}.profile openid`))).toEqual(['email', 'profile', 'openid']);
    expect(grantedScopes(any, tokens('openid constructor'))).toEqual(['openid', 'constructor']);
  });

  it('are unknown where it says nothing', () => {
    expect(grantedScopes(google, tokens())).toBeUndefined();
  });
});

it.each<[string, UpstreamProvider, string | undefined, string[]]>([
  ['all of them, by other names and in another order', google, `${api}.email ${api}.profile openid`, []],
  ['less, because the user unticked one', google, `openid ${api}.email`, ['profile']],
  ['more than was asked for', google, `openid ${api}.email ${api}.profile https://more.example`, []],
  ['nothing said', google, undefined, []],
  ['one of two', github, 'read:user', ['user:email']],
  ['offline access not repeated', any, 'openid email profile', []],
  ['those of another resource', azure, 'User.Read', []],
])('what was not granted: %s', (_, provider, scope, missing) => {
  expect(missingScopes(provider, provider.scopes, tokens(scope))).toEqual(missing);
});
