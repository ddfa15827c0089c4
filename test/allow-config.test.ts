import {
  atlassianProvider,
  discordProvider,
  githubProvider,
  googleProvider,
  linkedinProvider,
  slackProvider,
} from 'mcp-gatehouse/providers';
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../src/config.js';
import { ConfigurationError } from '../src/configuration-error.js';

const client = { clientId: 'a', clientSecret: 'upstream' };
const github = githubProvider(client);
const google = googleProvider(client);
const slack = slackProvider(client);

function faultsOf(allow: unknown, providers = [github]): readonly string[] {
  const secret = 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG';
  try {
    parseOptions({ issuer: 'https://auth.example', secret, providers, allow: allow as never }, false);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('the option allow', () => {
  it.each<[unknown]>([
    [undefined],
    [{ provider: 'github' }],
    [[{ provider: ['github'] }]],
    [{ emails: ["o'hara+x@Example.com"] }],
    [{ emailDomains: ['Example.com', 'xn--bcher-kva.example', 'intranet'] }],
    [{ provider: 'github', organizations: ['acme'], groups: ['acme/core', 'acme/Domain Users'] }],
    [{ organizations: ['acme'] }],
    [{ check: () => true }],
    [[{ emails: ['a@example.com'] }, { groups: ['acme/core'] }]],
  ])('may be %j', (allow) => {
    expect(faultsOf(allow)).toEqual([]);
  });

  it.each<[unknown, string, string]>([
    [[], 'allow', 'empty'],
    [[{}], 'allow.0', 'says nothing'],
    [null, 'allow.0', ''],
    ['everybody', 'allow.0', ''],
    [{ email: ['a@example.com'] }, 'allow.0.email', 'not an option'],
    [[{ provider: 'github' }, { emails: [] }], 'allow.1.emails', 'empty'],
    [{ provider: 'github', emailDomains: [] }, 'allow.0.emailDomains', 'empty'],
    [{ provider: [] }, 'allow.0.provider', 'has to be the id'],
    [{ provider: 'google' }, 'allow.0.provider', 'names google, which is none of the providers: github'],
    [{ provider: '' }, 'allow.0.provider', ''],
    [{ emails: ['example.com'] }, 'allow.0.emails.0', 'e-mail address'],
    [{ emails: ['a@b@example.com'] }, 'allow.0.emails.0', 'e-mail address'],
    [{ emails: ['*@example.com'.replace('*@', '@')] }, 'allow.0.emails.0', 'e-mail address'],
    [{ emails: ['a@*.example.com'] }, 'allow.0.emails.0', 'e-mail address'],
    [{ emails: ['a@ex\u0430mple.com'] }, 'allow.0.emails.0', 'ASCII'],
    [{ emails: 'a@example.com' }, 'allow.0.emails', 'has to be a list'],
    [{ emailDomains: ['@example.com'] }, 'allow.0.emailDomains.0', 'without an @'],
    [{ emailDomains: ['*.example.com'] }, 'allow.0.emailDomains.0', 'wildcard'],
    [{ emailDomains: ['.example.com'] }, 'allow.0.emailDomains.0', ''],
    [{ emailDomains: ['example.com.'] }, 'allow.0.emailDomains.0', ''],
    [{ emailDomains: ['b\u00fccher.example'] }, 'allow.0.emailDomains.0', 'ASCII'],
    [{ emailDomains: ['\u212a.example'] }, 'allow.0.emailDomains.0', 'ASCII'],
    [{ emailDomains: [''] }, 'allow.0.emailDomains.0', ''],
    [{ organizations: ['*'] }, 'allow.0.organizations.0', 'wildcard'],
    [{ organizations: ['acme '] }, 'allow.0.organizations.0', 'white space'],
    [{ groups: [''] }, 'allow.0.groups.0', ''],
    [{ groups: [7] }, 'allow.0.groups.0', ''],
    [{ check: true }, 'allow.0.check', 'function'],
    // What a variable that is not set makes of a rule.
    [{ provider: 'github', organizations: undefined }, 'allow.0.organizations', 'undefined would let everybody in'],
    [{ emails: undefined }, 'allow.0.emails', ''],
    [{ check: undefined }, 'allow.0.check', ''],
    [{ provider: undefined, emails: ['a@example.com'] }, 'allow.0.provider', ''],
  ])('cannot be %j: %s %s', (allow, path, words) => {
    const [fault, ...others] = faultsOf(allow);
    expect(others).toEqual([]);
    expect(fault?.split(' ')[0]).toBe(path);
    expect(fault).toContain(words);
  });

  it('tells all faults at once', () => {
    const allow = [{ emails: ['x'], emailDomains: ['@y'] }, { groups: [] }];
    expect(faultsOf(allow)).toHaveLength(3);
    expect(faultsOf([{ provider: ['x', 'y'] }, { provider: 'z' }])).toHaveLength(3);
  });

  it('knows what is never told', () => {
    const linkedin = linkedinProvider(client);
    expect(faultsOf({ provider: 'linkedin', organizations: ['acme'] }, [linkedin, github])).toEqual([
      'allow.0.organizations lets nobody in at linkedin: they are never known there.',
    ]);
    expect(faultsOf({ groups: ['acme'] }, [linkedin])).toHaveLength(1);
    expect(faultsOf({ groups: ['acme'] }, [atlassianProvider(client)])).toHaveLength(1);
    expect(faultsOf({ organizations: ['site-1'] }, [atlassianProvider(client)])).toEqual([]);
  });

  it('knows where nobody verifies an address', () => {
    const atlassian = atlassianProvider(client);
    expect(faultsOf({ provider: 'atlassian', emails: ['a@example.com'] }, [atlassian, github])).toEqual([
      'allow.0.emails lets nobody in at atlassian: no address is verified there.',
    ]);
    const rules = [{ emailDomains: ['example.com'] }, { provider: 'atlassian' }];
    expect(faultsOf(rules, [atlassian, github])).toEqual([]);
  });

  it('wants a workspace beside the addresses of Slack', () => {
    const rule = { provider: 'slack', emailDomains: ['example.com'] };
    expect(faultsOf(rule, [slack])).toEqual([expect.stringMatching(/^allow\.0\.emailDomains .*name organizations/)]);
    expect(faultsOf({ ...rule, organizations: ['T1'] }, [slack])).toEqual([]);
  });

  it('wants somebody to be able to sign in with each provider', () => {
    expect(faultsOf({ provider: 'google', emailDomains: ['example.com'] }, [google, github])).toEqual([
      expect.stringMatching(/^allow lets nobody sign in with github: .*\{ provider: 'github' \}/),
    ]);
    expect(faultsOf({ emailDomains: ['example.com'] }, [google, github])).toEqual([]);
    expect(faultsOf({ emailDomains: ['example.com'] }, [google, slack])).toEqual([
      expect.stringMatching(/^allow lets nobody sign in with slack \(emailDomains: .*\): add a rule/),
    ]);
  });

  it('wants to know whose organizations and groups are meant, where there are several providers', () => {
    expect(faultsOf([{ organizations: ['acme'] }], [google, github])).toEqual([
      expect.stringMatching(/^allow\.0\.provider is missing/),
    ]);
    expect(faultsOf([{ groups: ['acme/core'] }, { provider: 'google' }], [google, github])).toHaveLength(1);
  });

  it('asks a provider about so many names, and no more', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `org${index}`);
    expect(faultsOf({ organizations: names(50) })).toEqual([]);
    expect(faultsOf([{ organizations: names(30) }, { organizations: names(51) }])).toEqual([
      'allow names more than 50 organizations or groups of github: use check.',
    ]);
    expect(faultsOf({ groups: names(51) }, [discordProvider(client)])).toHaveLength(1);
    expect(faultsOf({ organizations: names(51) }, [google])).toEqual([]);
  });
});
