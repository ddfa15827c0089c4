import { ConfigurationError } from './configuration-error.js';
import type { Settings } from './config.js';
import type { Engine } from './engine.js';
import type { Foundation } from './foundation.js';
import type { TellChange } from './operator/actor.js';
import { createBlocks } from './operator/blocks.js';
import { createClientRegistry } from './operator/clients.js';
import { createDescribeClient } from './operator/describe-client.js';
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
  const { signingKeys, clock, randomness, audit, ring } = foundation;
  const tell: TellChange = (by, event) => audit({ ...event, ...by });
  const entries = { registry, rules: createRegistryRules(settings), clock, randomness, tell };
  const describe = createDescribeClient({ findClient: engine.findCurrentClient, blocked: engine.blocked, ring });
  return {
    clients: createClientRegistry({ ...entries, clients: () => parties.now().clients, describe }),
    resources: createResourceRegistry({ ...entries, resources: () => parties.now().resources }),
    blocks: createBlocks({ registry, clock, tell }),
    async rotateSigningKeys() {
      if (!signingKeys.rotate) {
        throw new ConfigurationError(['signing names the keys itself: rotate them there, the new one first.']);
      }
      await signingKeys.rotate({});
    },
  };
}
