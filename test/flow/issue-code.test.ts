import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createIssueCode } from '../../src/flow/issue-code.js';
import { parseGrant } from '../../src/grants/grant.js';
import { createSealedIdentities } from '../../src/grants/sealed-identity.js';
import { createVault } from '../../src/upstream/vault.js';
import { grantScene } from '../grants/scene.js';
import { newTransaction, sealingOf, start } from './scene.js';

const user = { sub: '1', name: 'Alice', email: 'alice@example.test', email_verified: true, raw: { other: 'canary' } };

/** What a grant keeps of its user when these scopes were granted. */
async function keptFor(...scopes: string[]) {
  const { store, grants, ids: grantIds, credentials, clock } = grantScene();
  const sealing = sealingOf();
  const vault = createVault(store, sealing, randomBytes);
  const identities = createSealedIdentities(sealing);
  const services = { grants, grantIds, credentials, vault, identities, clock, randomness: randomBytes };
  const issueCode = createIssueCode({ ...services, authorizationCodeTtl: 60, audit: () => undefined });
  const tokens = { access_token: 'upstream', token_type: 'bearer' };
  const code = await issueCode(
    newTransaction({ scopes }),
    {
      identity: { sub: 'oidc|1', provider: 'oidc', claims: {} },
      user,
      session: { provider: 'oidc', issuer: 'https://up.example', subject: '1', tokens, idToken: {}, receivedAt: start },
    },
    {},
  );
  const [userTag = ''] = code.split('.').slice(2);
  const [entry] = (await store.list(userTag)).filter(({ id }) => id.startsWith('grant.'));
  const grant = parseGrant(entry?.value ?? '');
  const opened = grant && createSealedIdentities(sealing).open(grant);
  // What is at hand where it was sealed is what anybody else opens.
  expect(grant && identities.open(grant)).toEqual(opened);
  return opened;
}

describe('a new grant', () => {
  const identity = { sub: 'oidc|1', provider: 'oidc', claims: {} };
  const { name, email, email_verified } = user;

  it.each([
    [['mcp:tools'], identity],
    // Without openid nobody is told anything.
    [['profile', 'email'], identity],
    [['openid'], { ...identity, profile: {} }],
    [['openid', 'profile'], { ...identity, profile: { name } }],
    [['openid', 'profile', 'email'], { ...identity, profile: { name, email, email_verified } }],
  ])('for %j keeps of its user what the client may know, and nothing else', async (scopes, expected) => {
    expect(await keptFor(...scopes)).toEqual(expected);
  });
});
