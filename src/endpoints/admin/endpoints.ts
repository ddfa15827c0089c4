import type { Endpoint } from '../../http/router.js';
import type { Operator } from '../../operator/operator.js';
import type { Audit } from '../../telemetry/audit.js';
import { adminBlocksEndpoint } from './blocks.js';
import { adminClientIdEndpoint, adminClientsEndpoint } from './clients.js';
import { createAdminDoor, type AdminCredential } from './door.js';
import { adminGrantsEndpoint } from './grants.js';
import { adminResourcesEndpoint } from './resources.js';

/** The admin API, by its paths below the issuer. */
export function adminEndpoints(
  credentials: readonly AdminCredential[],
  issuer: string,
  { clients, resources, blocks, grants }: Pick<Operator, 'clients' | 'resources' | 'blocks' | 'grants'>,
  audit: Audit,
): Readonly<Record<string, Endpoint>> {
  const door = createAdminDoor(credentials, audit);
  const at = (name: string) => `/oauth/admin/${name}`;
  return {
    [at('clients')]: adminClientsEndpoint(door, clients, issuer + at('clients')),
    [at('client-id')]: adminClientIdEndpoint(door, clients),
    [at('resources')]: adminResourcesEndpoint(door, resources, issuer + at('resources')),
    [at('blocks')]: adminBlocksEndpoint(door, blocks, issuer + at('blocks')),
    [at('grants')]: adminGrantsEndpoint(door, grants),
  };
}
