export { OAuthAuthorizationServer } from './authorization-server.js';
export { ConfigurationError } from './configuration-error.js';
export { optionsFromEnvironment, providersFromEnvironment, type EnvironmentOptions } from './environment.js';
export type { Environment } from './environment-rules.js';
export type { AuthenticatedRequest, BearerMiddleware } from './express/bearer-auth.js';
export type { NodeHandler } from './express/router.js';
export type { ConsentRequest, RenderConsent } from './flow/present-consent.js';
export type { TokenMapper } from './flow/map-identity.js';
export type { ChooseProvider, ProviderRequest } from './flow/offer-providers.js';
export type { MappedTokens, ProxyTokenMapper } from './flow/map-tokens.js';
export type { BearerAuthOptions, ToolAuthOptions, WithBearerAuth } from './guards.js';
export type { Log, LogEntry } from './http/log.js';
export type { Randomness } from './keys/randomness.js';
export type { Clock } from './storage/clock.js';
export { OAuthProxy, type ProxyMiddleware, type ProxyProvider } from './oauth-proxy.js';
export type { OAuthProxyOptions } from './proxy-config.js';
export type {
  ClientIdMetadataDocumentOptions,
  ClientOptions,
  IntrospectionOptions,
  OAuthAuthorizationServerOptions,
  ResourceOptions,
  ScopeOptions,
  SigningOptions,
} from './options.js';
export { protectTools, type ProtectedTools } from './protect-tools.js';
export { AuthError, type AuthErrorCode } from './protocol/auth-error.js';
export type { AuthorizationServerMetadata, ProtectedResourceMetadata } from './protocol/server-metadata.js';
export { createResourceServer, type ResourceServer } from './resource-server.js';
export type { IntrospectingOptions, ResourceServerOptions } from './resource-server-config.js';
export type { WebFetch } from './resource/ask-issuer.js';
export type { AuthExtra, AuthInfo } from './resource/auth-info.js';
export { getAuth } from './resource/get-auth.js';
export type { ChooseDialect, Dialect } from './resource/tools/dialect.js';
export type { PublicOptions, SecurityScheme, ToolDeclaration, ToolRules } from './resource/tools/tool-rules.js';
export type { Entry, Key, Listed, SetOptions, Store, Version } from './storage/store.js';
export { memoryStore, sqliteStore, type MemoryStoreOptions, type SqliteStoreOptions } from './stores.js';
export { systemClock } from './system.js';
export type { AllowRule } from './upstream/allow-rule.js';
export type { ApplicationUser, AuthenticateUser } from './upstream/application.js';
export type { ProviderSummary, UpstreamProvider, UpstreamTokens, UserInfo } from './upstream/provider.js';
export type { BearerContext, GuardedHandler, ToolsContext, ToolsHandler } from './web/bearer-auth.js';
export type { FetchHandler } from './web/fetch-handler.js';
