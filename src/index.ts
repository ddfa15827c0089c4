export type { AuditSink } from './audit-trail.js';
export { OAuthAuthorizationServer } from './authorization-server.js';
export { optionsFromEnvironment, providersFromEnvironment, type EnvironmentOptions } from './environment.js';
export type { Environment } from './environment-rules.js';
export type { SdkAuthorizationParams, SdkClientInformation, ServerProvider } from './express/server-provider.js';
export type { ConsentRequest, RenderConsent } from './flow/present-consent.js';
export type { TokenMapper } from './flow/map-identity.js';
export type { ChooseProvider, ProviderRequest } from './flow/offer-providers.js';
export type { MappedTokens, ProxyTokenMapper } from './flow/map-tokens.js';
export type { Randomness } from './keys/randomness.js';
export type { Actor } from './operator/actor.js';
export type { Blocks, BlockTarget } from './operator/blocks.js';
export type { ClientView } from './operator/client-view.js';
export type { ChangedClient, ClientRegistry } from './operator/clients.js';
export type { ClientDescription } from './operator/describe-client.js';
export type { Operator } from './operator/operator.js';
export type { Page, PageRequest } from './operator/registry-entries.js';
export { RegistryFault } from './operator/registry-fault.js';
export type { ChangedResource, ResourceRegistry, ResourceView } from './operator/resources.js';
export { OAuthProxy, type ProxyMiddleware, type ProxyProvider } from './oauth-proxy.js';
export type { OAuthProxyOptions } from './proxy-config.js';
export type {
  AdminOptions,
  ClientIdMetadataDocumentOptions,
  OAuthAuthorizationServerOptions,
  RateLimitOptions,
  SigningOptions,
} from './options.js';
export type { ClientOptions, IntrospectionOptions, ResourceOptions } from './party-options.js';
export type { AuthorizationServerMetadata } from './protocol/server-metadata.js';
export * from './resource-door.js';
export type { AllSdkErrors1 } from './resource/sdk-errors.js';
export {
  UpstreamTokenError,
  type ToolCaller,
  type UpstreamToken,
  type UpstreamTokenFault,
  type UpstreamTokenOptions,
} from './resource/upstream-token.js';
export type { ServerProviderOptions } from './server-provider.js';
export type { AccountView, ConnectionsView, ConnectionView } from './pages/account-view.js';
export type { Brand } from './pages/brand.js';
export type { PageContext } from './pages/custom-page.js';
export type { HandOffView } from './pages/hand-off-view.js';
export type { NoticeKind, NoticeView } from './pages/notice-view.js';
export type { CustomPages, CustomView, RenderPage } from './pages/pages.js';
export type { RefusedView } from './pages/refused-view.js';
export type { WordChanges } from './pages/words/catalogues.js';
export { postgresSchema, type PostgresPool, type PostgresStore } from './storage/postgres.js';
export type { RedisClient } from './storage/redis-client.js';
export type { SqlQuery } from './storage/sql.js';
export { sqlSchema, type SqlDialect, type SqlValue } from './storage/sql-dialects.js';
export type {
  Entry,
  Key,
  Listed,
  Scanned,
  ScanOptions,
  ScanPortion,
  SetOptions,
  Store,
  Version,
} from './storage/store.js';
export {
  memoryStore,
  postgresStore,
  redisStore,
  sqliteStore,
  sqlStore,
  type MemoryStoreOptions,
  type PostgresStoreOptions,
  type RedisStoreOptions,
  type SqliteStoreOptions,
  type SqlStoreOptions,
} from './stores.js';
export { closeGracefully, closeOnSignal, type ClosableGate, type GracefulCloseOptions } from './shutdown.js';
export { systemClock } from './system.js';
export type { AuditEventName, AuditOutcome, AuditRecord } from './telemetry/audit.js';
export type { AllowRule } from './upstream/allow-rule.js';
export type { ApplicationUser, AuthenticateUser } from './upstream/application.js';
export type { ProviderSummary, UpstreamProvider, UpstreamTokens, UserInfo } from './upstream/provider.js';
