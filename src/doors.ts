import { assertionAlgorithms } from './clients/client-keys.js';
import { browserPaths, consentOrigin } from './browser-journey.js';
import type { Settings } from './config.js';
import { accountAlias, accountEndpoint } from './endpoints/account.js';
import { adminEndpoints } from './endpoints/admin/endpoints.js';
import { authorizeEndpoint } from './endpoints/authorize.js';
import { callbackEndpoint } from './endpoints/callback.js';
import { consentEndpoint } from './endpoints/consent.js';
import { livenessEndpoint, readinessEndpoint } from './endpoints/health.js';
import { introspectEndpoint } from './endpoints/introspect.js';
import { jwksEndpoint } from './endpoints/jwks.js';
import { metadataEndpoint } from './endpoints/metadata.js';
import { registerEndpoint } from './endpoints/register.js';
import { revokeEndpoint } from './endpoints/revoke.js';
import { tokenEndpoint } from './endpoints/token.js';
import { userinfoEndpoint } from './endpoints/userinfo.js';
import { callbackPath, type Engine } from './engine.js';
import type { Foundation } from './foundation.js';
import { observeRequests } from './observed.js';
import { behindEntrance } from './http/entrance.js';
import { createDispatcher, type Dispatcher, type Endpoint } from './http/router.js';
import { introspectionMethodsOf } from './introspection-config.js';
import type { Operator } from './operator/operator.js';
import type { PartiesNow } from './parties.js';
import type { ConfiguredResource } from './party-config.js';
import { clientAuthenticationMethods } from './protocol/client-metadata.js';
import {
  authorizationServerMetadata,
  protectedResourceMetadata,
  type AuthorizationServerMetadata,
} from './protocol/server-metadata.js';
import { createAliases, createRoutes, type WellKnownDocument } from './routes.js';

/** The doors of a server, and what its metadata says of them. */
export interface Doors {
  readonly metadata: AuthorizationServerMetadata;
  readonly dispatcher: Dispatcher;
}

/** Where resource servers ask what a token is worth, below the issuer. */
export const introspectionPath = '/oauth/introspect';

/** Says which endpoints there are, and publishes where they are. */
export function createDoors(
  settings: Settings,
  { clients, resources: byUrl }: Pick<PartiesNow, 'clients' | 'resources'>,
  foundation: Foundation,
  engine: Engine,
  operator: Operator,
  isDraining: () => boolean,
): Doors {
  const { issuer } = settings;
  const { log, entrance } = foundation;
  const resources = [...byUrl.values()];
  const introspectionMethods = introspectionMethodsOf(resources, [...clients.values()]);
  const open = {
    ...openEndpoints(settings, byUrl, foundation, engine, introspectionMethods.length > 0),
    ...(settings.admin && adminEndpoints(settings.admin, issuer, operator, foundation.audit)),
  };
  const endpoints = Object.fromEntries(
    Object.entries(open).map(([path, endpoint]) => [path, behindEntrance(entrance, endpoint)]),
  );
  const metadata = authorizationServerMetadata({
    issuer,
    registration: settings.enableDCR,
    metadataDocuments: settings.clientIdMetadataDocuments !== undefined,
    scopes: [...new Set(resources.flatMap(({ scopes }) => [...scopes.keys()]))],
    grantTypes: engine.grantTypes.map(({ name }) => name),
    authenticationMethods: clientAuthenticationMethods,
    assertionAlgorithms,
    signingAlgorithm: foundation.signingKeys.algorithm,
    introspectionMethods,
    userinfo: settings.userinfo,
    resources: resources.map(({ url }) => url),
  });
  const dispatcher = createDispatcher(
    createRoutes(issuer, endpoints, documentsOf(issuer, metadata, resources)),
    new Map([
      ...(settings.rootAliases ? createAliases(issuer, endpoints, aliasesFor(issuer, engine)) : []),
      ...(settings.healthChecks ? healthEndpoints(foundation, isDraining) : []),
    ]),
    log,
    observeRequests(foundation.telemetry),
  );
  return { metadata, dispatcher };
}

/** What people type, where a page can be found by a shorter name. */
function aliasesFor(issuer: string, { account }: Engine): Readonly<Record<string, Endpoint>> {
  return account ? { '/account': accountAlias(issuer + browserPaths.account) } : {};
}

/** At the root of the host, whatever path the issuer has: whoever asks there knows a machine, and no issuer. */
function healthEndpoints({ ready, store, clock, log }: Foundation, isDraining: () => boolean): [string, Endpoint][] {
  // The keys may be known from earlier: that the store can be read now is seen by reading.
  const check = () => Promise.all([ready(), store.get({ partition: 'keys', id: 'signing' })]);
  return [
    ['/healthz', livenessEndpoint()],
    ['/readyz', readinessEndpoint({ check, isDraining, clock, log })],
  ];
}

/** The endpoints by their paths below the issuer, before anybody counts who comes in. */
function openEndpoints(
  settings: Settings,
  byUrl: ReadonlyMap<string, ConfiguredResource>,
  { clock, audit, signingKeys, entrance: { limits } }: Foundation,
  engine: Engine,
  introspection: boolean,
): Readonly<Record<string, Endpoint>> {
  const { providers, enableDCR, userinfo, sharedCallback } = settings;
  const { flow, account, registeredClients, authenticate, trade, readAccessToken, requireStanding } = engine;
  return {
    '/oauth/authorize': authorizeEndpoint(flow),
    [browserPaths.consent]: consentEndpoint(flow, consentOrigin(settings)),
    ...Object.fromEntries(
      providers.map((each) => [
        callbackPath(each, settings),
        callbackEndpoint(flow, sharedCallback ? undefined : each.id, account),
      ]),
    ),
    ...(account && { [browserPaths.account]: accountEndpoint(account, flow) }),
    '/oauth/token': tokenEndpoint(authenticate, trade, limits),
    '/oauth/revoke': revokeEndpoint(engine.authenticateForRevocation, engine.revokeToken),
    ...(introspection && {
      [introspectionPath]: introspectEndpoint(
        engine.authenticateResourceServer,
        readAccessToken,
        requireStanding,
        engine.noteUse,
        byUrl,
        limits,
      ),
    }),
    ...(userinfo && {
      '/oauth/userinfo': userinfoEndpoint(readAccessToken, requireStanding, engine.identityOf),
    }),
    '/oauth/jwks': jwksEndpoint(signingKeys),
    ...(enableDCR && { '/oauth/register': registerEndpoint(registeredClients, clock, audit) }),
  };
}

function documentsOf(
  issuer: string,
  metadata: AuthorizationServerMetadata,
  resources: readonly ConfiguredResource[],
): WellKnownDocument[] {
  const ofResources = resources.map((resource) => ({
    about: resource.url,
    names: ['oauth-protected-resource'],
    endpoint: metadataEndpoint(protectedResourceMetadata(resource, issuer)),
  }));
  return [
    {
      about: issuer,
      names: ['oauth-authorization-server', 'openid-configuration'],
      endpoint: metadataEndpoint(metadata),
    },
    ...ofResources,
    // Clients that know no paths look at the root, which tells of the default resource.
    ...ofResources.slice(0, 1).map((document) => ({ ...document, about: new URL(document.about).origin })),
  ];
}
