/**
 * `mcp-gatehouse/resource`: for MCP servers that are not in the process of their authorization server. Nothing that it
 * imports at run time needs Node.
 */
export { ConfigurationError } from './configuration-error.js';
export type { AuthenticatedRequest, BearerMiddleware } from './express/bearer-auth.js';
export type { NodeHandler } from './express/router.js';
export type { BearerAuthOptions, ToolAuthOptions, WithBearerAuth } from './guards.js';
export type { Log, LogEntry } from './http/log.js';
export type { ScopeOptions } from './options.js';
export { AuthError, type AuthErrorCode } from './protocol/auth-error.js';
export type { ProtectedResourceMetadata } from './protocol/server-metadata.js';
export { createResourceServer, type ResourceServer } from './resource-server.js';
export type { IntrospectingOptions, ResourceServerOptions } from './resource-server-config.js';
export type { WebFetch } from './resource/ask-issuer.js';
export type { AuthExtra, AuthInfo } from './resource/auth-info.js';
export type { Clock } from './storage/clock.js';
export type { BearerContext, GuardedHandler, ToolsContext, ToolsHandler } from './web/bearer-auth.js';
export type { FetchHandler } from './web/fetch-handler.js';
