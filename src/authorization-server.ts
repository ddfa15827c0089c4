import { assertionAlgorithms } from './clients/client-keys.js';
import { parseOptions, resourcesOf } from './config.js';
import { ConfigurationError } from './configuration-error.js';
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
import { callbackPath, createEngine, type Engine } from './engine.js';
import { browserPaths, consentOrigin } from './browser-journey.js';
import { machineClientIds } from './clients/pre-registered.js';
import type { BearerMiddleware } from './express/bearer-auth.js';
import { mapIdentity } from './flow/map-identity.js';
import { nodeHandler, type NodeHandler } from './express/router.js';
import { createFoundation, type Foundation } from './foundation.js';
import {
  createGuards,
  resourceFinder,
  type BearerAuthOptions,
  type Guards,
  type GuardServices,
  type TokenVerifierOptions,
  type WithBearerAuth,
} from './guards.js';
import { behindEntrance } from './http/entrance.js';
import { createDispatcher, type Dispatcher, type Endpoint } from './http/router.js';
import { introspectionMethodsOf } from './introspection-config.js';
import { randomText } from './keys/randomness.js';
import type { OAuthAuthorizationServerOptions } from './options.js';
import type { ConfiguredResource } from './party-config.js';
import { clientAuthenticationMethods } from './protocol/client-metadata.js';
import {
  authorizationServerMetadata,
  protectedResourceMetadata,
  type AuthorizationServerMetadata,
} from './protocol/server-metadata.js';
import type { ToolCaller, UpstreamToken, UpstreamTokenOptions } from './resource/upstream-token.js';
import type { ServerProvider } from './express/server-provider.js';
import type { TokenVerifier } from './resource/token-verifier.js';
import { createAliases, createRoutes } from './routes.js';
import { composeServerProvider, type ServerProviderOptions } from './server-provider.js';
import { fetchHandler, type PeerFetchHandler } from './web/fetch-handler.js';

/**
 * An OAuth 2.1 authorization server for MCP servers, in front of the identity provider that users already have.
 *
 * ```ts
 * const gate = new OAuthAuthorizationServer({ issuer, secret, providers: [oidcProvider({ … })] });
 * app.use(gate.createRouter());
 * app.all('/mcp', gate.requireBearerAuth({ scopes: ['mcp:tools'] }), mcpHandler);
 * ```
 */
export class OAuthAuthorizationServer {
  readonly #resources: ReadonlyMap<string, ConfiguredResource>;
  readonly #foundation: Foundation;
  readonly #engine: Engine;
  readonly #metadata: AuthorizationServerMetadata;
  readonly #server: Dispatcher;
  readonly #newRequestId: () => string;
  readonly #guards: Guards;
  readonly #findResource: GuardServices['findResource'];

  /**
   * Serves a web-standard request: for Next.js, Hono and Bun.
   *
   * What is none of this server's is answered with 404. A `Request` does not say where it comes from: the application
   * tells the address of the peer, `gate.fetch(request, { ip })`, or no limit applies to addresses.
   */
  readonly fetch: PeerFetchHandler;

  /**
   * The gate of {@link requireBearerAuth} around a web-standard handler, for Hono, Next.js and Bun. What the token says is in
   * `context.auth`.
   *
   * ```ts
   * const guarded = gate.withBearerAuth((request, { auth }) => mcp.fetch(request, { authInfo: auth }));
   * app.all('/mcp', (c) => guarded(c.req.raw)); // Hono
   * export { guarded as GET, guarded as POST, guarded as DELETE, guarded as OPTIONS }; // Next.js
   * ```
   *
   * @throws {ConfigurationError} when it cannot tell which resource it guards, or that resource lacks a scope
   */
  readonly withBearerAuth: WithBearerAuth;

  /** The redirect URIs to register at the providers, by the ids of these. */
  readonly callbackUrls: Readonly<Record<string, string>>;

  /** @throws {ConfigurationError} naming every fault of the options at once */
  constructor(options: OAuthAuthorizationServerOptions) {
    const settings = parseOptions(options, process.env['NODE_ENV'] === 'production');
    const { issuer, enableDCR, providers } = settings;
    const resources = resourcesOf(settings);
    this.#resources = new Map(resources.map((resource) => [resource.url, resource]));
    this.#foundation = createFoundation(settings);
    const machines = machineClientIds(settings.clients);
    this.#engine = createEngine(settings, this.#resources, this.#foundation, {
      paths: browserPaths,
      describeUser: mapIdentity(settings.tokenMapper, (sub) => machines.has(sub)),
    });
    this.callbackUrls = Object.freeze(
      Object.fromEntries(providers.map((each) => [each.id, issuer + callbackPath(each, settings)])),
    );
    const { clock, log, randomness, signingKeys, entrance } = this.#foundation;
    const { flow, registeredClients, authenticate, grantTypes, readAccessToken, requireStanding } = this.#engine;

    const introspectionMethods = introspectionMethodsOf(resources, settings.clients);

    this.#metadata = authorizationServerMetadata({
      issuer,
      registration: enableDCR,
      metadataDocuments: settings.clientIdMetadataDocuments !== undefined,
      scopes: [...new Set(resources.flatMap(({ scopes }) => [...scopes.keys()]))],
      grantTypes: grantTypes.map(({ name }) => name),
      authenticationMethods: clientAuthenticationMethods,
      assertionAlgorithms,
      signingAlgorithm: signingKeys.algorithm,
      introspectionMethods,
      userinfo: settings.userinfo,
      resources: [...this.#resources.keys()],
    });
    const open: Record<string, Endpoint> = {
      '/oauth/authorize': authorizeEndpoint(flow, issuer),
      [browserPaths.consent]: consentEndpoint(flow, issuer, consentOrigin(settings)),
      ...Object.fromEntries(
        providers.map((each) => [
          callbackPath(each, settings),
          callbackEndpoint(flow, issuer, settings.sharedCallback ? undefined : each.id),
        ]),
      ),
      '/oauth/token': tokenEndpoint(authenticate, grantTypes, entrance.limits),
      '/oauth/revoke': revokeEndpoint(authenticate, this.#engine.revokeToken),
      ...(introspectionMethods.length > 0 && {
        '/oauth/introspect': introspectEndpoint(
          this.#engine.authenticateResourceServer,
          readAccessToken,
          requireStanding,
          this.#resources,
          entrance.limits,
        ),
      }),
      ...(settings.userinfo && {
        '/oauth/userinfo': userinfoEndpoint(readAccessToken, requireStanding, this.#engine.identityOf),
      }),
      '/oauth/jwks': jwksEndpoint(signingKeys),
      ...(enableDCR && { '/oauth/register': registerEndpoint(registeredClients, clock) }),
    };
    const endpoints = Object.fromEntries(
      Object.entries(open).map(([path, endpoint]) => [path, behindEntrance(entrance, endpoint)]),
    );
    const resourceDocuments = resources.map((resource) => ({
      about: resource.url,
      names: ['oauth-protected-resource'],
      endpoint: metadataEndpoint(protectedResourceMetadata(resource, issuer)),
    }));
    const documents = [
      {
        about: issuer,
        names: ['oauth-authorization-server', 'openid-configuration'],
        endpoint: metadataEndpoint(this.#metadata),
      },
      ...resourceDocuments,
      // Clients that know no paths look at the root, which tells of the default resource.
      ...resourceDocuments.slice(0, 1).map((document) => ({ ...document, about: new URL(document.about).origin })),
    ];
    this.#server = createDispatcher(
      createRoutes(issuer, endpoints, documents),
      settings.rootAliases ? createAliases(issuer, endpoints) : new Map(),
      log,
    );
    this.#newRequestId = () => randomText(randomness, 9);
    this.#findResource = resourceFinder(this.#resources);
    this.#guards = createGuards({
      findResource: this.#findResource,
      verify: this.#engine.verify,
      log,
      newRequestId: this.#newRequestId,
    });
    this.withBearerAuth = this.#guards.withBearerAuth;
    this.fetch = fetchHandler(this.#server, this.#newRequestId);
  }

  /**
   * Serves all endpoints: `app.use(gate.createRouter())`, or `http.createServer(gate.createRouter())`.
   *
   * Mount it at the root of the host, also when the issuer has a path. Unknown documents below `/.well-known/` are
   * answered with 404, so mount an application's own ones before it.
   */
  createRouter(): NodeHandler {
    return nodeHandler(this.#server, this.#newRequestId, this.#foundation.log);
  }

  /** Alias of {@link createRouter}. */
  getRouter(): NodeHandler {
    return this.createRouter();
  }

  /** The authorization server metadata (RFC 8414) that this server publishes. */
  getMetadata(): AuthorizationServerMetadata {
    return this.#metadata;
  }

  /**
   * Guards an MCP server that lives in the same process: only requests with a good access token come through, and
   * what it says is in `req.auth`, and what `getAuth(req)` answers.
   *
   * @throws {ConfigurationError} when it cannot tell which resource it guards, or that resource lacks a scope
   */
  requireBearerAuth(options?: BearerAuthOptions): BearerMiddleware {
    return this.#guards.requireBearerAuth(options);
  }

  /**
   * Answers a fresh access token of the identity provider, for a tool that calls the provider's API as its user.
   *
   * It is renewed when it is about to expire: once, however many tools of however many processes ask. Never hand it to
   * the client.
   *
   * @param auth - what the tool was told of its caller: `extra.authInfo` (MCP SDK 1.x), `ctx.http?.authInfo` (2.x)
   * @throws {UpstreamTokenError} when there is none; its `reason` says what helps
   */
  getUpstreamToken(auth: ToolCaller, options?: UpstreamTokenOptions): Promise<UpstreamToken> {
    return this.#engine.getUpstreamToken(auth, options);
  }

  /**
   * Makes the `verifier` that the MCP SDK's own bearer middleware asks for, of either line. The middleware looks at
   * scopes and writes the challenge; everything else is checked here, as {@link requireBearerAuth} does.
   *
   * @throws {ConfigurationError} when it cannot tell which resource is guarded
   */
  createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
    return this.#guards.createTokenVerifier(options);
  }

  /**
   * Makes the `provider` that `mcpAuthRouter` of the MCP SDK's line 1 asks for. The consent page and the callback are
   * still ours: mount {@link createRouter} as well, after the SDK's router.
   *
   * @throws {ConfigurationError} when it cannot tell for which resource it verifies tokens
   */
  createServerProvider({ errors, resource }: ServerProviderOptions): ServerProvider {
    const guarded = this.#findResource(resource);
    const { issuer, registration_endpoint } = this.#metadata;
    const door = { issuer, registration: registration_endpoint !== undefined, newRequestId: this.#newRequestId };
    return composeServerProvider(guarded, errors, this.#engine, this.#foundation, door);
  }

  /**
   * Opens the store and reads the keys, so that a fault shows at start and not at the first request.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away, or was written under another secret
   */
  async ready(): Promise<void> {
    await this.#foundation.installationKey();
    await this.#foundation.signingKeys.current();
  }

  /**
   * Begins a rotation of the signing keys before its time: a new key is published at once, and signs after
   * `signing.publishTtl`. Nobody is signed out. While a rotation is under way nothing happens.
   *
   * @throws {ConfigurationError} when the keys are supplied by the configuration
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  async rotateSigningKeys(): Promise<void> {
    const { signingKeys } = this.#foundation;
    if (!signingKeys.rotate) {
      throw new ConfigurationError(['signing names the keys itself: rotate them there, the new one first.']);
    }
    await signingKeys.rotate();
  }

  /** Closes the connections to the providers, and the store unless it was handed in. */
  async close(): Promise<void> {
    await this.#engine.close();
    await this.#foundation.closeStore();
  }
}
