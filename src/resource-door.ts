/**
 * `mcp-gatehouse/resource`: for MCP servers, in the process of their authorization server or far from it. Nothing that
 * it imports at run time needs Node.
 */
export { ConfigurationError } from './configuration-error.js';
export type { AuthenticatedRequest, BearerMiddleware } from './express/bearer-auth.js';
export type { NodeHandler } from './express/router.js';
export type { BearerAuthOptions, Guards, ToolAuthOptions, TokenVerifierOptions, WithBearerAuth } from './guards.js';
export type { Log, LogEntry } from './telemetry/log.js';
export type { ScopeOptions } from './party-options.js';
export { protectTools, type ProtectedTools } from './protect-tools.js';
export { AuthError, type AuthErrorCode } from './protocol/auth-error.js';
export type { ProtectedResourceMetadata } from './protocol/server-metadata.js';
export type { WebFetch } from './resource/ask-issuer.js';
export { createAuthError, isAuthError, type AuthErrorOptions } from './resource/auth-error-result.js';
export type { AuthExtra, AuthInfo } from './resource/auth-info.js';
export { createProtectedResourceMetadata, type ProtectedResourceOptions } from './resource/create-resource-metadata.js';
export { extractBearerToken, type BearerSource, type HeaderSource } from './resource/extract-bearer-token.js';
export { getAuth } from './resource/get-auth.js';
export {
  all,
  any,
  requireClaim,
  requireScopes,
  type AuthSubject,
  type ClaimValue,
  type ExpectedClaim,
  type Permit,
} from './resource/predicates.js';
export type { SdkErrors, SdkErrors1, SdkErrors2 } from './resource/sdk-errors.js';
export type { TokenVerifier } from './resource/token-verifier.js';
export type { AuthErrorResult } from './resource/tool-result.js';
export type { ChooseDialect, Dialect } from './resource/tools/dialect.js';
export type { PublicOptions, SecurityScheme, ToolDeclaration, ToolRules } from './resource/tools/tool-rules.js';
export { createResourceServer, type ResourceServer } from './resource-server.js';
export type { IntrospectingOptions, ResourceServerOptions } from './resource-server-config.js';
export type { Clock } from './storage/clock.js';
export type { BearerContext, GuardedHandler, ToolsContext, ToolsHandler } from './web/bearer-auth.js';
export type { FetchHandler } from './web/fetch-handler.js';
