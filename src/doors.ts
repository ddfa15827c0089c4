import { assertionAlgorithms } from './clients/client-keys.js';
import { browserPaths, consentOrigin } from './browser-journey.js';
import type { Settings } from './config.js';
import { authorizeEndpoint } from './endpoints/authorize.js';
import { callbackEndpoint } from './endpoints/callback.js';
import { consentEndpoint } from './endpoints/consent.js';
import { introspectEndpoint } from './endpoints/introspect.js';
import { jwksEndpoint } from './endpoints/jwks.js';
import { metadataEndpoint } from './endpoints/metadata.js';
import { registerEndpoint } from './endpoints/register.js';
import { revokeEndpoint } from './endpoints/revoke.js';
import { tokenEndpoint } from './endpoints/token.js';
import { userinfoEndpoint } from './endpoints/userinfo.js';
import { callbackPath, type Engine } from './engine.js';
import type { Foundation } from './foundation.js';
import { behindEntrance } from './http/entrance.js';
import { createDispatcher, type Dispatcher, type Endpoint } from './http/router.js';
import { introspectionMethodsOf } from './introspection-config.js';
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

/** Says which endpoints there are, and publishes where they are. */
export function createDoors(
  settings: Settings,
  resources: readonly ConfiguredResource[],
  foundation: Foundation,
  engine: Engine,
): Doors {
  const { issuer } = settings;
  const { log, entrance } = foundation;
  const introspectionMethods = introspectionMethodsOf(resources, settings.clients);
  const open = openEndpoints(settings, resources, foundation, engine, introspectionMethods.length > 0);
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
    settings.rootAliases ? createAliases(issuer, endpoints) : new Map(),
    log,
  );
  return { metadata, dispatcher };
}

/** The endpoints by their paths below the issuer, before anybody counts who comes in. */
function openEndpoints(
  settings: Settings,
  resources: readonly ConfiguredResource[],
  { clock, signingKeys, entrance: { limits } }: Foundation,
  engine: Engine,
  introspection: boolean,
): Readonly<Record<string, Endpoint>> {
  const { providers, enableDCR, userinfo, sharedCallback } = settings;
  const { flow, registeredClients, authenticate, grantTypes, readAccessToken, requireStanding } = engine;
  const byUrl = new Map(resources.map((resource) => [resource.url, resource]));
  return {
    '/oauth/authorize': authorizeEndpoint(flow),
    [browserPaths.consent]: consentEndpoint(flow, consentOrigin(settings)),
    ...Object.fromEntries(
      providers.map((each) => [
        callbackPath(each, settings),
        callbackEndpoint(flow, sharedCallback ? undefined : each.id),
      ]),
    ),
    '/oauth/token': tokenEndpoint(authenticate, grantTypes, limits),
    '/oauth/revoke': revokeEndpoint(authenticate, engine.revokeToken),
    ...(introspection && {
      '/oauth/introspect': introspectEndpoint(
        engine.authenticateResourceServer,
        readAccessToken,
        requireStanding,
        byUrl,
        limits,
      ),
    }),
    ...(userinfo && {
      '/oauth/userinfo': userinfoEndpoint(readAccessToken, requireStanding, engine.identityOf),
    }),
    '/oauth/jwks': jwksEndpoint(signingKeys),
    ...(enableDCR && { '/oauth/register': registerEndpoint(registeredClients, clock) }),
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
