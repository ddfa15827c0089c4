import { ConfigurationError } from './configuration-error.js';
import type { Settings } from './config.js';
import type { Engine } from './engine.js';
import type { Foundation } from './foundation.js';
import { scanGrants } from './grants/scan-grants.js';
import { isInstalled } from './keys/installation-key.js';
import { application, type TellChange } from './operator/actor.js';
import { createBlocks } from './operator/blocks.js';
import { createClientRegistry } from './operator/clients.js';
import { createDescribeClient } from './operator/describe-client.js';
import { createGrantAdministration } from './operator/grant-administration.js';
import type { Operator } from './operator/operator.js';
import { createResourceRegistry } from './operator/resources.js';
import type { Parties } from './parties.js';
import type { Registry } from './registry/registry.js';
import { createRegistryRules } from './registry-rules.js';

/** Puts together what operators can do. */
export function createOperator(
  settings: Settings,
  foundation: Foundation,
  engine: Engine,
  parties: Parties,
  registry: Registry,
): Operator {
  const { signingKeys, store, clock, randomness, audit, ring } = foundation;
  const { grants, grantIds, identityOf, knownClient, settle } = engine;
  const tell: TellChange = (by, event) => audit({ ...event, ...by });
  const entries = { registry, rules: createRegistryRules(settings), clock, randomness, tell };
  const describe = createDescribeClient({ findClient: engine.findCurrentClient, blocked: engine.blocked, ring });
  const grantAdministration = createGrantAdministration({
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
    clients: createClientRegistry({ ...entries, clients: () => parties.now().clients, describe }),
    resources: createResourceRegistry({ ...entries, resources: () => parties.now().resources }),
    blocks: createBlocks({ registry, clock, tell }),
    grants: grantAdministration,
    keys: {
      async rotate(by = application) {
        if (!signingKeys.rotate) {
          throw new ConfigurationError(['signing names the keys itself: rotate them there, the new one first.']);
        }
        await signingKeys.rotate(by);
      },
      list: async () => (await signingKeys.list?.()) ?? [],
    },
    providers: settings.providers.map(({ id }) => id),
  };
}
