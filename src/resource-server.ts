import { metadataEndpoint } from './endpoints/metadata.js';
import { nodeHandler, type NodeHandler } from './express/router.js';
import { createGuards, resourceFinder, type Guards } from './guards.js';
import { describeCauses } from './telemetry/log.js';
import { createDispatcher } from './http/router.js';
import { protectedResourceMetadata, type ProtectedResourceMetadata } from './protocol/server-metadata.js';
import {
  parseResourceServerOptions,
  type ResourceServerOptions,
  type ResourceServerSettings,
} from './resource-server-config.js';
import { createAskIssuer } from './resource/ask-issuer.js';
import type { AuthInfo } from './resource/auth-info.js';
import { createIntrospectionVerifier } from './resource/introspection-verifier.js';
import { createIssuerKeys } from './resource/issuer-keys.js';
import { createIssuerMetadata, issuerUnavailable } from './resource/issuer-metadata.js';
import { createJwksVerifier } from './resource/jwks-verifier.js';
import { createAuthenticate, type VerifyAccessToken } from './resource/verify-access-token.js';
import { createRoutes } from './routes.js';
import { consoleLog, newWebRequestId, systemClock, webFetch } from './web-system.js';
import { fetchHandler, type FetchHandler } from './web/fetch-handler.js';

/** An MCP server's side of OAuth, which is apart from its authorization server: its gates, and its metadata. */
export interface ResourceServer extends Guards {
  /**
   * Serves the resource metadata (RFC 9728), for Express and `node:http`. Mount it at the root of the host.
   *
   * What is anything else goes on to the application, other documents below `/.well-known/` too.
   */
  createRouter(): NodeHandler;
  /** Serves the resource metadata to web-standard requests; what is anything else is answered with 404. */
  readonly fetch: FetchHandler;
  /** The resource metadata (RFC 9728) that is published. */
  getMetadata(): ProtectedResourceMetadata;
  /**
   * Verifies an access token that came in some other way than by a request.
   *
   * @throws {AuthError} invalid_token; temporarily_unavailable while the authorization server is away and nobody can tell
   */
  verifyAccessToken(token: string): Promise<AuthInfo>;
}

/**
 * Makes the OAuth side of an MCP server that is not in the process of its authorization server, nor on its store.
 *
 * Tokens are verified by the keys that the issuer publishes: that asks it nothing, and learns of a revocation only when the
 * token expires. With `introspection` it is asked, and a revocation counts once `cacheTtl` has passed.
 *
 * ```ts
 * const server = createResourceServer({ issuer: 'https://auth.example.com', resource: 'https://notes.example.com/mcp' });
 * app.use(server.createRouter());
 * app.all('/mcp', server.requireBearerAuth(), mcpHandler);
 * ```
 *
 * Nothing is asked before the first token comes. Needs nothing of Node but in `createRouter` and `requireBearerAuth`.
 *
 * @throws {ConfigurationError} naming every fault of the options at once
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  const settings = parseResourceServerOptions(options);
  const { issuer, resource: url, scopes, implied, defaultScopes, log = consoleLog } = settings;
  const verify = createVerifier(settings);
  const guarded = { url, scopes, implied, defaultScopes };
  const guards = createGuards({
    findResource: resourceFinder(new Map([[url, guarded]])),
    verify,
    log,
    newRequestId: newWebRequestId,
  });
  const metadata = protectedResourceMetadata(
    { url, defaultScopes, name: settings.name, documentation: settings.documentation },
    issuer,
  );
  const document = { names: ['oauth-protected-resource'], endpoint: metadataEndpoint(metadata) };
  // RFC 9728 §3.1; and at the root of the host, where clients look that know no paths.
  const routes = createRoutes(url, {}, [
    { about: url, ...document },
    { about: new URL(url).origin, ...document },
  ]);
  // As aliases: whatever else is below /.well-known/ is none of a resource server's business.
  const server = createDispatcher(new Map(), routes, log);
  return {
    ...guards,
    createRouter: () => nodeHandler(server, newWebRequestId, log),
    fetch: fetchHandler(server, newWebRequestId),
    getMetadata: () => metadata,
    verifyAccessToken: createAuthenticate(guarded, verify),
  };
}

function createVerifier({ issuer, algorithms, introspection, ...system }: ResourceServerSettings): VerifyAccessToken {
  const { clock = systemClock, fetch = webFetch, log = consoleLog } = system;
  const ask = createAskIssuer(fetch);
  const metadata = createIssuerMetadata(issuer, ask, clock);
  if (introspection) {
    const { credentials, cacheTtl } = introspection;
    return createIntrospectionVerifier({ issuer, metadata, ask, clock }, credentials, cacheTtl);
  }
  const keys = createIssuerKeys(metadata, algorithms, ask, clock, (cause) =>
    // Nobody else notices, while the keys that are known still serve: there is a day to see to it.
    log({
      level: 'warn',
      event: 'keys not fetched',
      description: `The keys of ${issuer} cannot be fetched.`,
      causes: describeCauses(issuerUnavailable(cause)),
    }),
  );
  return createJwksVerifier(issuer, algorithms, keys, clock);
}
