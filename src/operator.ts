import type { Settings } from './config.js';
import { ConfigurationError } from './configuration-error.js';
import type { Engine } from './engine.js';
import type { Foundation } from './foundation.js';
import { scanGrants } from './grants/scan-grants.js';
import { isInstalled } from './keys/installation-key.js';
import { createGrantAdministration } from './operator/grant-administration.js';
import type { Operator } from './operator/operator.js';

/** Puts together what operators can do. */
export function createOperator(settings: Settings, foundation: Foundation, engine: Engine): Operator {
  const { signingKeys, store, clock } = foundation;
  const { grants, grantIds, identityOf, knownClient, settle } = engine;
  const administration = createGrantAdministration({
    grants,
    grantIds,
    identityOf,
    settle,
    clock,
    lifetimes: settings,
    nameOfClient: (clientId) => knownClient(clientId)?.metadata.client_name,
    allGrants() {
      const all = scanGrants(store, grantIds);
      if (all) return all;
      throw new ConfigurationError([
        'store has no scan, so nobody can look through it: name the grant, or the user at the provider.',
      ]);
    },
  });
  return {
    isInstalled: () => isInstalled(store),
    async rotateSigningKeys() {
      if (!signingKeys.rotate) {
        throw new ConfigurationError(['signing names the keys itself: rotate them there, the new one first.']);
      }
      await signingKeys.rotate();
    },
    listSigningKeys: async () => (await signingKeys.list?.()) ?? [],
    findGrants: (selection) => administration.find(selection),
    providers: settings.providers.map(({ id }) => id),
    revokeGrant: (grantId) => administration.revoke(grantId),
  };
}
