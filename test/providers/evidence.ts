import type { IdentityEvidence } from '../../src/upstream/provider.js';

/** What is known of a user when a provider is asked who that is; whatever is not given is empty. */
export function evidence(given: Partial<IdentityEvidence>): IdentityEvidence {
  return {
    tokens: { access_token: 'x', token_type: 'bearer' },
    idToken: {},
    profile: {},
    ask: () => Promise.reject(new Error('Nothing more is to be asked.')),
    scopes: [],
    sought: { organizations: [], groups: [] },
    ...given,
  };
}
