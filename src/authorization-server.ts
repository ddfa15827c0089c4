import { parseOptions, resourcesOf } from './config.js';
import { callbackPath, createEngine, type Engine } from './engine.js';
import { browserPaths } from './browser-journey.js';
import type { BearerMiddleware } from './express/bearer-auth.js';
import { mapIdentity } from './flow/map-identity.js';
import { nodeHandler, type NodeHandler } from './express/router.js';
import { createFoundation, type Foundation } from './foundation.js';
import {
  createGuards,
  type BearerAuthOptions,
  type Guards,
  type GuardServices,
  type TokenVerifierOptions,
  type WithBearerAuth,
} from './guards.js';
import { randomText } from './keys/randomness.js';
import { createLiveDoors, type LiveDoors } from './live-doors.js';
import { liveResourceFinder } from './live-resources.js';
import { createOperator } from './operator.js';
import type { Operator } from './operator/operator.js';
import type { OAuthAuthorizationServerOptions } from './options.js';
import { createParties } from './parties.js';
import { createRegistryRecord } from './registry/registry-record.js';
import { createRegistry, type Registry } from './registry/registry.js';
import type { AuthorizationServerMetadata } from './protocol/server-metadata.js';
import type { ToolCaller, UpstreamToken, UpstreamTokenOptions } from './resource/upstream-token.js';
import type { ServerProvider } from './express/server-provider.js';
import type { TokenVerifier } from './resource/token-verifier.js';
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
  readonly #foundation: Foundation;
  readonly #engine: Engine;
  readonly #registry: Registry;
  readonly #doors: LiveDoors;
  readonly #newRequestId: () => string;
  readonly #guards: Guards;
  #isDraining = false;
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

  /** What an operator can do while the server runs. */
  readonly operator: Operator;

  /** The redirect URIs to register at the providers, by the ids of these. */
  readonly callbackUrls: Readonly<Record<string, string>>;

  /** @throws {ConfigurationError} naming every fault of the options at once */
  constructor(options: OAuthAuthorizationServerOptions) {
    const settings = parseOptions(options, process.env['NODE_ENV'] === 'production');
    const { issuer, providers } = settings;
    this.#foundation = createFoundation(settings);
    const { clock, log, randomness, sealing, store } = this.#foundation;
    this.#registry = createRegistry(createRegistryRecord(store, sealing, randomness), clock, log);
    const parties = createParties(settings, this.#registry, log);
    const guarded = new Set<string>();
    this.#engine = createEngine(settings, parties, this.#foundation, {
      paths: browserPaths,
      isUseSeen: (resource) => guarded.has(resource) || parties.resources.get(resource)?.introspection !== undefined,
      describeUser: mapIdentity(settings.tokenMapper, (sub) => parties.now().machines.has(sub)),
    });
    this.callbackUrls = Object.freeze(
      Object.fromEntries(providers.map((each) => [each.id, issuer + callbackPath(each, settings)])),
    );
    this.operator = createOperator(settings, this.#foundation, this.#engine, parties, this.#registry);
    const isDraining = () => this.#isDraining;
    this.#doors = createLiveDoors(settings, parties, this.#foundation, this.#engine, this.operator, isDraining);
    this.#newRequestId = () => randomText(randomness, 9);
    const findResource = liveResourceFinder(resourcesOf(settings), parties);
    this.#findResource = (requested) => {
      const found = findResource(requested);
      guarded.add(found.url); // a gate before it is being made here
      return found;
    };
    this.#guards = createGuards({
      findResource: this.#findResource,
      verify: this.#engine.verify,
      log,
      newRequestId: this.#newRequestId,
    });
    this.withBearerAuth = this.#guards.withBearerAuth;
    this.fetch = fetchHandler(this.#doors.dispatcher, this.#newRequestId);
  }

  /**
   * Serves all endpoints: `app.use(gate.createRouter())`, or `http.createServer(gate.createRouter())`.
   *
   * Mount it at the root of the host, also when the issuer has a path. Unknown documents below `/.well-known/` are
   * answered with 404, so mount an application's own ones before it.
   */
  createRouter(): NodeHandler {
    return nodeHandler(this.#doors.dispatcher, this.#newRequestId, this.#foundation.log);
  }

  /** Alias of {@link createRouter}. */
  getRouter(): NodeHandler {
    return this.createRouter();
  }

  /** The authorization server metadata (RFC 8414) that this server publishes, as it is now. */
  getMetadata(): AuthorizationServerMetadata {
    return this.#doors.now().metadata;
  }

  /**
   * Guards an MCP server that lives in the same process: only requests with a good access token come through, and
   * what it says is in `req.auth`, and what `getAuth(req)` answers.
   *
   * Its resource is one of the configuration or, after {@link ready}, of those that operators added. Once that is removed
   * the gate lets nobody through.
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
    const { registration_endpoint } = this.getMetadata();
    const door = { registration: registration_endpoint !== undefined, newRequestId: this.#newRequestId };
    return composeServerProvider(guarded, errors, this.#engine, this.#foundation, door);
  }

  /**
   * Opens the store and reads the keys and what operators added, so that a fault shows at start and not at the first
   * request. After it, gates can name resources that were added at run time.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away, or was written under another secret
   */
  async ready(): Promise<void> {
    await this.#foundation.ready();
    await this.#registry.refresh();
  }

  /** Alias of `operator.keys.rotate`. */
  rotateSigningKeys(): Promise<void> {
    return this.operator.keys.rotate();
  }

  /**
   * Says at `/readyz` that this process is going, so that a load balancer sends new requests elsewhere. Everything is
   * answered as before: wait for that, close your server, and then {@link close}.
   */
  drain(): void {
    this.#isDraining = true;
  }

  /** Closes the connections to the providers, and the store unless it was handed in. */
  async close(): Promise<void> {
    await this.#engine.close();
    await this.#foundation.closeStore();
  }
}
