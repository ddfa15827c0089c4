export type { Claims, IdentityEvidence, UpstreamProvider, UpstreamTokens, UserInfo } from '../src/upstream/provider.js';
export { oidcProvider, type OidcOptions } from './oidc.js';
