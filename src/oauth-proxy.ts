import { ConfigurationError } from './configuration-error.js';
import { authorizeEndpoint } from './endpoints/authorize.js';
import { callbackEndpoint } from './endpoints/callback.js';
import { consentEndpoint } from './endpoints/consent.js';
import { jwksEndpoint } from './endpoints/jwks.js';
import { tokenEndpoint } from './endpoints/token.js';
import { createEngine, type Engine } from './engine.js';
import { doorHandler, type NodeHandler } from './express/router.js';
import { mapIdentity } from './flow/map-identity.js';
import { mapTokens } from './flow/map-tokens.js';
import { observeRequests } from './observed.js';
import { createFoundation, type Foundation } from './foundation.js';
import { hasFormField, withParameter } from './http/request-parameters.js';
import { behindEntrance } from './http/entrance.js';
import type { HttpRequest } from './http/message.js';
import { serve, type Endpoint } from './http/router.js';
import { randomText } from './keys/randomness.js';
import { fixedParties } from './parties.js';
import { plainResource } from './party-config.js';
import { parseProxyOptions, soleClientId, type OAuthProxyOptions } from './proxy-config.js';
import type { AuthInfo } from './resource/auth-info.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** The routes of an {@link OAuthProxy}, for an application to mount below its `baseUrl`. */
export interface ProxyMiddleware {
  /** `GET <baseUrl>/authorize` */
  readonly authorize: NodeHandler;
  /** `GET <baseUrl>/callback`, and `<baseUrl>/callback/<provider id>` where providers have redirect URIs of their own */
  readonly callback: NodeHandler;
  /** `POST <baseUrl>/token` */
  readonly token: NodeHandler;
  /** `GET` wherever it is mounted: the keys of our own JWTs, where there is no `tokenMapper`. */
  readonly jwks: NodeHandler;
}

/** A provider without its secrets. */
export type ProxyProvider = Pick<UpstreamProvider, 'id' | 'name' | 'issuer' | 'scopes'>;

/**
 * Signs the users of one application in at the providers that they have, and hands out the application's own tokens.
 *
 * It is the authorization server without registration and discovery: for an application that knows where its routes are.
 * The application sends the browser to `<baseUrl>/authorize` with `redirect_uri`, `state`, `code_challenge` and
 * `code_challenge_method=S256` (RFC 7636), perhaps with `provider`, and redeems the code at `<baseUrl>/token`.
 *
 * ```ts
 * const { authorize, callback, token } = new OAuthProxy({ baseUrl, sessionSecret, providers, redirectUris }).createMiddleware();
 * app.get('/auth/authorize', authorize);
 * app.get('/auth/callback', callback);
 * app.post('/auth/token', token);
 * ```
 */
export class OAuthProxy {
  readonly #foundation: Foundation;
  readonly #engine: Engine;
  readonly #providers: readonly ProxyProvider[];
  readonly #audience: string;
  readonly #middleware: ProxyMiddleware;

  /** @throws {ConfigurationError} naming every fault of the options at once */
  constructor(options: OAuthProxyOptions) {
    if (typeof options !== 'object') throw new ConfigurationError(['the options are missing.']);
    const { settings, client, tokenMapper, audience } = parseProxyOptions(
      options,
      process.env['NODE_ENV'] === 'production',
    );
    const { providers, accessTokenTtl, sharedCallback } = settings;
    this.#audience = audience;
    this.#providers = providers.map(({ id, name, issuer, scopes }) => Object.freeze({ id, name, issuer, scopes }));
    this.#foundation = createFoundation(settings);
    this.#engine = createEngine(settings, fixedParties([plainResource(audience)]), this.#foundation, {
      // The page's answer comes to the token route: it is the one of the three that takes a POST.
      paths: { consent: '/token', callback: '/callback' },
      describeUser: tokenMapper ? mapTokens(tokenMapper, accessTokenTtl) : mapIdentity(undefined, () => false),
      // What becomes of the application's own tokens is its own business.
      isUseSeen: () => false,
      soleClient: client,
    });
    const { flow, authenticate, trade } = this.#engine;
    const consent = consentEndpoint(flow);
    const token = tokenEndpoint(authenticate, trade, this.#foundation.entrance.limits);
    const isShared = sharedCallback || providers.length === 1;
    this.#middleware = {
      authorize: this.#door('/authorize', () => authorizeEndpoint(flow)),
      callback: this.#door('/callback', ({ path }) =>
        callbackEndpoint(flow, isShared ? undefined : (path.split('/').at(-1) ?? '')),
      ),
      token: this.#door('/token', (request) => (hasFormField(request, 'transaction') ? consent : token)),
      jwks: this.#door('/jwks', () => jwksEndpoint(this.#foundation.signingKeys)),
    };
  }

  /** The routes; mount them where `baseUrl` says. They work with and without the application's own body parsers. */
  createMiddleware(): ProxyMiddleware {
    return this.#middleware;
  }

  /** The providers that users can choose from; without secrets, so that it can be shown to anybody. */
  getProviders(): readonly ProxyProvider[] {
    return this.#providers;
  }

  /** One provider by its id. */
  getProvider(id: string): ProxyProvider | undefined {
    return this.#providers.find((each) => each.id === id);
  }

  /**
   * Verifies one of our own JWTs, where there is no `tokenMapper`.
   *
   * @throws {AuthError} invalid_token; temporarily_unavailable when the store is away
   */
  verifyAccessToken(token: string): Promise<AuthInfo> {
    return this.#engine.verify(token, this.#audience);
  }

  /**
   * Opens the store and reads the keys, so that a fault shows at start and not at the first request.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away, or was written under another secret
   */
  async ready(): Promise<void> {
    await this.#foundation.ready();
  }

  /** Closes the connections to the providers, and the store unless it was handed in. */
  async close(): Promise<void> {
    await this.#engine.close();
    await this.#foundation.closeStore();
  }

  /** Makes a route's handler. There is one client only, so what it calls itself decides nothing. */
  #door(route: string, endpointOf: (request: HttpRequest) => Endpoint): NodeHandler {
    const { log, randomness, entrance, telemetry } = this.#foundation;
    const observe = observeRequests(telemetry);
    return doorHandler(
      (request) => {
        const named = withParameter(request, 'client_id', soleClientId);
        const answer = () => serve(behindEntrance(entrance, endpointOf(request)), named, log);
        // By its name, since the application may have mounted it anywhere.
        return observe ? observe(request, route, answer) : answer();
      },
      () => randomText(randomness, 9),
    );
  }
}
