import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../src/telemetry/log.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { createAdmission } from '../../src/upstream/admission.js';
import { soughtNames, type AllowRule } from '../../src/upstream/allow-rule.js';
import type { UpstreamProvider, UserInfo } from '../../src/upstream/provider.js';
import { Refusal } from '../../src/upstream/refusal.js';

const base = { issuer: 'https://id.example', clientId: 'a', clientSecret: 'b', scopes: ['openid'] };
const plain: UpstreamProvider = { ...base, id: 'plain', name: 'Plain' };
const folding: UpstreamProvider = { ...base, id: 'folding', name: 'Folding', ignoresCase: true };
const workspace: UpstreamProvider = { ...base, id: 'workspace', name: 'W', emailAuthority: 'organization' };
const unverified: UpstreamProvider = { ...base, id: 'unverified', name: 'U', emailAuthority: 'nobody' };
const ignorant: UpstreamProvider = { ...base, id: 'ignorant', name: 'I', knows: [] };
const owning: UpstreamProvider = {
  ...base,
  id: 'owning',
  name: 'O',
  isOfDomain: ({ organizations = [] }, domain) => organizations.includes(domain),
};
const providers = [plain, folding, workspace, unverified, ignorant, owning];

type Given = Partial<Omit<UserInfo, 'raw'>>;
const userWith = (given: Given): UserInfo => ({ sub: '1', email_verified: true, raw: {}, ...given });

async function isAdmitted(rules: AllowRule | AllowRule[], given: Given, provider = plain, log: LogEntry[] = []) {
  const admit = createAdmission([rules].flat(), providers, (entry) => log.push(entry));
  try {
    await admit(provider, userWith(given));
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return false;
  }
}

describe('a rule on addresses', () => {
  const rule = { emails: ['Bob@Allowed.com'] };
  it.each<[string, Given, boolean]>([
    ['the address', { email: 'bob@allowed.com' }, true],
    ['the address in capitals', { email: 'BOB@ALLOWED.COM' }, true],
    ['somebody else', { email: 'bobby@allowed.com' }, false],
    ['no address', {}, false],
    ['an empty address', { email: '' }, false],
    ['an address that is not verified', { email: 'bob@allowed.com', email_verified: false }, false],
    ['an address that goes on', { email: 'bob@allowed.com.evil' }, false],
    ['an address with two @', { email: 'bob@evil@allowed.com' }, false],
    ['white space around it', { email: ' bob@allowed.com' }, false],
    ['white space after it', { email: 'bob@allowed.com\n' }, false],
    ['a Cyrillic o', { email: 'b\u043eb@allowed.com' }, false],
    ['a full-width b', { email: '\uff42ob@allowed.com' }, false],
    ['a zero-width space', { email: 'bob\u200b@allowed.com' }, false],
    ['a name around it', { email: 'Bob <bob@allowed.com>' }, false],
  ])('meets %s', async (_, given, expected) => {
    expect(await isAdmitted(rule, given)).toBe(expected);
  });

  it('does not take the Kelvin sign for a k', async () => {
    expect('\u212a'.toLowerCase()).toBe('k');
    for (const email of ['\u212aim@allowed.com', 'kim@\u212a.com', '\u0130@i.com']) {
      expect(await isAdmitted({ emails: ['kim@allowed.com', 'kim@k.com', 'i@i.com'] }, { email })).toBe(false);
    }
  });

  it('lets nobody in with an empty entry', async () => {
    for (const given of [{}, { email: '' }, { email: 'x@y.z', email_verified: false }]) {
      expect(await isAdmitted({ emails: [''] }, given)).toBe(false);
      expect(await isAdmitted({ emailDomains: [''] }, given)).toBe(false);
    }
  });
});

describe('a rule on domains', () => {
  const rule = { emailDomains: ['Allowed.com'] };
  it.each<[string, Given, boolean]>([
    ['an address there', { email: 'a@allowed.com' }, true],
    ['an address there in capitals', { email: 'A@ALLOWED.COM' }, true],
    ['a domain that goes on', { email: 'a@allowed.com.evil' }, false],
    ['a domain that begins earlier', { email: 'a@notallowed.com' }, false],
    ['a subdomain', { email: 'a@mail.allowed.com' }, false],
    ['a dot at the end', { email: 'a@allowed.com.' }, false],
    ['two @', { email: 'a@evil@allowed.com' }, false],
    ['two @, the other way round', { email: 'a@allowed.com@evil' }, false],
    ['a quoted @', { email: '"a@allowed.com"@evil.com' }, false],
    ['no name before it', { email: '@allowed.com' }, false],
    ['the domain alone', { email: 'allowed.com' }, false],
    ['an address that is not verified', { email: 'a@allowed.com', email_verified: false }, false],
    ['no address', {}, false],
    ['a comma', { email: 'a@evil.com,b@allowed.com' }, false],
    ['white space', { email: 'a@evil.com b@allowed.com' }, false],
    ['a tab', { email: 'a@\tallowed.com' }, false],
    ['a Cyrillic a', { email: 'a@\u0430llowed.com' }, false],
    ['an ideographic full stop', { email: 'a@allowed\u3002com' }, false],
    ['a full-width @', { email: 'a\uff20allowed.com' }, false],
    ['a soft hyphen', { email: 'a@allo\u00adwed.com' }, false],
    ['the domain for a user name', { preferred_username: 'a@allowed.com' }, false],
  ])('meets %s', async (_, given, expected) => {
    expect(await isAdmitted(rule, given)).toBe(expected);
  });

  it('admits an address if and only if it is verified ASCII, has one @, and that domain after it', async () => {
    const piece = fc.constantFrom(
      'allowed.com',
      'ALLOWED.com',
      '@',
      '.',
      'a',
      'evil',
      '\u212a',
      '\u0430',
      ' ',
      '"',
      '',
    );
    const email = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(email, fc.boolean(), async (address, email_verified) => {
        const [local, domain, ...more] = address.split('@');
        const isAscii = address.split('').every((char) => char > ' ' && char <= '~');
        const expected =
          email_verified && isAscii && local !== '' && domain?.toLowerCase() === 'allowed.com' && more.length === 0;
        expect(await isAdmitted(rule, { email: address, email_verified })).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets the provider say whether an address makes a member', async () => {
    const email = 'a@allowed.com';
    expect(await isAdmitted(rule, { email }, owning)).toBe(false);
    expect(await isAdmitted(rule, { email, organizations: ['other.com'] }, owning)).toBe(false);
    expect(await isAdmitted(rule, { email, organizations: ['allowed.com'] }, owning)).toBe(true);
    expect(await isAdmitted(rule, { email: 'a@other.com', organizations: ['allowed.com'] }, owning)).toBe(false);
  });
});

describe.each(['organizations', 'groups'] as const)('a rule on %s', (member) => {
  const rule = { [member]: ['Acme/core', 'two'] };
  it.each<[unknown, boolean, boolean]>([
    [['Acme/core'], true, true],
    [['other', 'two'], true, true],
    [['acme/CORE'], false, true],
    [['Acme/core/sub'], false, false],
    [['Acme'], false, false],
    [['x', 'Acme/core '], false, false],
    [['\u0410cme/core'], false, false],
    [[], false, false],
    [undefined, false, false],
  ])('meets %j exactly: %s, and without case: %s', async (names, exactly, withoutCase) => {
    const given = names === undefined ? {} : { [member]: names };
    expect(await isAdmitted(rule, given)).toBe(exactly);
    expect(await isAdmitted(rule, given, folding)).toBe(withoutCase);
  });

  it('folds ASCII only', async () => {
    expect(await isAdmitted({ [member]: ['kim'] }, { [member]: ['\u212aim'] }, folding)).toBe(false);
  });

  it('says nothing where they are never known', async () => {
    expect(await isAdmitted(rule, { [member]: ['two'] }, ignorant)).toBe(false);
  });
});

describe('rules', () => {
  it('let in by any of them, and by all conditions of that one', async () => {
    const rules = [{ emails: ['a@x.com'] }, { emailDomains: ['y.com'], groups: ['g'] }];
    expect(await isAdmitted(rules, { email: 'a@x.com' })).toBe(true);
    expect(await isAdmitted(rules, { email: 'b@y.com', groups: ['g'] })).toBe(true);
    expect(await isAdmitted(rules, { email: 'b@y.com' })).toBe(false);
    expect(await isAdmitted(rules, { email: 'b@y.com', groups: ['h'] })).toBe(false);
    expect(await isAdmitted(rules, { email: 'b@x.com', groups: ['g'] })).toBe(false);
  });

  it('are for their providers', async () => {
    expect(await isAdmitted({ provider: 'plain' }, {})).toBe(true);
    expect(await isAdmitted({ provider: 'plain' }, {}, folding)).toBe(false);
    expect(await isAdmitted({ provider: ['x', 'folding'] }, {}, folding)).toBe(true);
    expect(await isAdmitted({ provider: 'pla' }, {})).toBe(false);
    expect(await isAdmitted({ provider: 'plain', emails: ['a@x.com'] }, { email: 'b@x.com' })).toBe(false);
  });

  it('refuse everybody at a provider that nobody configured', async () => {
    const rule = { check: () => true };
    expect(await isAdmitted(rule, {}, { ...plain, id: 'else' })).toBe(false);
  });

  it('are no rules where there are none: everybody is let in', async () => {
    const admit = createAdmission(undefined, providers, () => undefined);
    await expect(admit(plain, userWith({ email_verified: false }))).resolves.toBeUndefined();
  });

  it('let nobody in where the list is empty', async () => {
    expect(await isAdmitted([], { email: 'a@x.com' })).toBe(false);
  });

  it('believe an address that an organization wrote in that organization only', async () => {
    const given = { email: 'a@x.com', organizations: ['T1'] };
    expect(await isAdmitted({ emails: ['a@x.com'] }, given, workspace)).toBe(false);
    expect(await isAdmitted({ emailDomains: ['x.com'] }, given, workspace)).toBe(false);
    expect(await isAdmitted({ emails: ['a@x.com'], organizations: ['T1'] }, given, workspace)).toBe(true);
    expect(await isAdmitted({ emailDomains: ['x.com'], organizations: ['T2'] }, given, workspace)).toBe(false);
  });

  it('believe no address where nobody verifies any', async () => {
    const rules = [{ emails: ['a@x.com'] }, { emailDomains: ['x.com'] }, { emails: ['a@x.com'], organizations: ['T'] }];
    expect(await isAdmitted(rules, { email: 'a@x.com', organizations: ['T'] }, unverified)).toBe(false);
  });

  it('name what their provider has to know', () => {
    const rules = [
      { provider: 'plain', organizations: ['a', 'b'] },
      { organizations: ['b', 'c'], groups: ['g'] },
      { provider: 'folding', organizations: ['d'] },
    ];
    expect(soughtNames(rules, plain)).toEqual({ organizations: ['a', 'b', 'c'], groups: ['g'] });
    expect(soughtNames(rules, ignorant)).toEqual({ organizations: [], groups: [] });
  });
});

describe('a refusal', () => {
  const admit = createAdmission([{ emails: ['a@x.com'] }], providers, () => undefined);
  const refusalOf = (given: Given) => admit(plain, userWith(given)).catch((thrown: unknown) => thrown as Refusal);

  it('tells the log what was known, and nobody who it was', async () => {
    const refusal = await refusalOf({ email: 'eve@evil.com', email_verified: false, groups: ['secret'] });
    expect(refusal).toMatchObject({
      code: 'access_denied',
      message: 'No rule of this server lets this account in.',
      cause: { message: 'No rule of allow matches: e-mail not verified, organizations unknown, groups known.' },
    });
    expect((refusal as Refusal).account).toBe('eve@evil.com');
  });

  it.each<[Given, string | undefined]>([
    [{ preferred_username: 'eve', name: 'Eve' }, 'eve'],
    [{ name: 'Eve' }, 'Eve'],
    [{}, undefined],
  ])('calls the account %j by the name %s', async (given, account) => {
    expect(((await refusalOf(given)) as Refusal).account).toBe(account);
  });
});

describe('a check', () => {
  it.each<[unknown, boolean]>([
    [true, true],
    [Promise.resolve(true), true],
    [false, false],
    [undefined, false],
    ['yes', false],
    [1, false],
    [{}, false],
    [Promise.resolve('true'), false],
  ])('that answers %j lets in: %s', async (answer, expected) => {
    expect(await isAdmitted({ check: () => answer as boolean }, {})).toBe(expected);
  });

  it('is asked last, and with the user and the provider, without its secrets', async () => {
    const asked: unknown[] = [];
    const rule = { emails: ['a@x.com'], check: (...all: unknown[]) => asked.push(all) > 0 };
    expect(await isAdmitted(rule, { email: 'b@x.com' })).toBe(false);
    expect(asked).toEqual([]);
    expect(await isAdmitted(rule, { email: 'a@x.com' })).toBe(true);
    expect(asked).toEqual([[userWith({ email: 'a@x.com' }), { id: 'plain', name: 'Plain' }]]);
  });

  const failing = { check: () => Promise.reject(new Error('canary')) };

  it('that fails refuses, and the operator hears of it, without its words', async () => {
    const log: LogEntry[] = [];
    expect(await isAdmitted(failing, {}, plain, log)).toBe(false);
    expect(log).toEqual([
      {
        level: 'error',
        event: 'allow check failed',
        provider: 'plain',
        code: 'access_denied',
        description: expect.any(String) as string,
        causes: [expect.stringMatching(/^Error at .*admission\.test/) as string],
      },
    ]);
    expect(JSON.stringify(log)).not.toContain('canary');
  });

  it('that fails leaves the other rules as they are', async () => {
    expect(await isAdmitted([failing, { emails: ['a@x.com'] }], { email: 'a@x.com' })).toBe(true);
  });

  it('can say that it cannot tell now, which is no refusal', async () => {
    const away = new AuthError('temporarily_unavailable', 'The directory is away.');
    const rule = { check: () => Promise.reject(away) };
    await expect(isAdmitted(rule, {})).rejects.toBe(away);
    expect(await isAdmitted([rule, { emails: ['a@x.com'] }], { email: 'a@x.com' })).toBe(true);
  });

  it('can refuse in words of its own', async () => {
    const rule = { check: () => Promise.reject(new AuthError('access_denied', 'Your trial is over.')) };
    const log: LogEntry[] = [];
    const admit = createAdmission([rule], providers, (entry) => log.push(entry));
    const thrown = await admit(plain, userWith({})).catch((reason: unknown) => reason);
    expect(thrown).toBeInstanceOf(Refusal);
    expect(thrown).toMatchObject({ message: 'Your trial is over.' });
    expect(log).toEqual([]);
  });
});
