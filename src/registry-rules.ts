import { client as clientSchema } from './client-config.js';
import { longestTokenTtl, partyFaults, resourcesOf, type Settings } from './config.js';
import { describeIssue } from './configuration-error.js';
import type { RegistryRules } from './operator/registry-entries.js';
import { resource as resourceSchema } from './party-config.js';
import { joined } from './parties.js';

/** Judges what operators say at run time by the rules of the configuration. */
export function createRegistryRules(settings: Settings): RegistryRules {
  const configured = {
    clients: new Set(settings.clients.map(({ clientId }) => clientId)),
    resources: new Set(resourcesOf(settings).map(({ url }) => url)),
  };
  const longest = longestTokenTtl(settings);
  const tooLong = `accessTokenTtl has to be at most ${longest}, the longest of the configuration: keys and grants are kept for so long.`;

  return {
    faultsOf(kind, options) {
      const { error, data } = (kind === 'clients' ? clientSchema : resourceSchema).safeParse(options);
      if (error) return error.issues.map(describeIssue);
      const ttl = 'accessTokenTtl' in data ? (data.accessTokenTtl ?? 0) : 0;
      return ttl > longest ? [tooLong] : [];
    },

    faultsAmong(document) {
      const { clients, resources } = joined(settings, document, () => undefined);
      const hashes = (settings.admin ?? []).map(({ hash }) => hash);
      const all = [...clients.values()];
      const taken = [
        ...all.flatMap(({ proof }) => (proof.kind === 'secret' ? proof.hashes : [])),
        ...[...resources.values()].flatMap(({ introspection }) => introspection?.keyHashes ?? []),
      ];
      return [
        ...partyFaults(settings, all, [...resources.values()]),
        ...(taken.some((hash) => hashes.includes(hash)) ? ['A secret or key is a token of the admin API.'] : []),
      ];
    },

    isConfigured: (kind, name) => configured[kind].has(name),
  };
}
