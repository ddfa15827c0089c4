export type {
  AskOptions,
  Claims,
  IdentityEvidence,
  UpstreamEndpoints,
  UpstreamProvider,
  UpstreamTokens,
  UserInfo,
} from '../src/upstream/provider.js';
export { atlassianProvider, type AtlassianOptions } from './atlassian.js';
export { auth0Provider, type Auth0Options } from './auth0.js';
export { azureProvider, type AzureOptions } from './azure.js';
export { cognitoProvider, type CognitoOptions } from './cognito.js';
export { customProvider, type CustomOptions } from './custom.js';
export { discordProvider, type DiscordOptions } from './discord.js';
export { githubProvider, type GithubOptions } from './github.js';
export { gitlabProvider, type GitlabOptions } from './gitlab.js';
export { googleProvider, type GoogleOptions } from './google.js';
export { keycloakProvider, type KeycloakOptions } from './keycloak.js';
export { linkedinProvider, type LinkedinOptions } from './linkedin.js';
export { oidcProvider, type OidcOptions } from './oidc.js';
export { oktaProvider, type OktaOptions } from './okta.js';
export { slackProvider, type SlackOptions } from './slack.js';
