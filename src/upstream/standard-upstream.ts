import { buildAuthorizationUrl, fetchUserInfo } from 'openid-client';
import { codeChallengeMethod } from '../protocol/code-challenge.js';
import { codeChallengeOf } from '../protocol/pkce.js';
import { createCodeExchange } from './code-exchange.js';
import { configure } from './configuration.js';
import { createAsk } from './ask.js';
import { discover, type ProviderMetadata } from './discovery.js';
import { grantedScopes, missingScopes } from './granted-scopes.js';
import { AnswerFault, refreshFault, upstreamFault, type UpstreamStep } from './fault.js';
import type { Claims, IdentityEvidence, SoughtNames, UpstreamProvider, UpstreamTokens } from './provider.js';
import { refreshing } from './refreshing.js';
import { accountOf } from './refusal.js';
import { revokeTokens } from './revocation.js';
import type { TokenAnswer } from './session.js';
import { createTokenRefresh } from './token-refresh.js';
import { createTokenRequests } from './token-request.js';
import type { SignedInUser, Upstream, UpstreamServices } from './upstream.js';
import { joinClaims, readUserInfo } from './user-info.js';

const discoverySettings = { freshTtl: 24 * 60 * 60, pauseTtl: 3 };

/** What {@link Upstream} does for a provider whose settings can work. */
export type StandardUpstream = Omit<Upstream, 'provider' | 'detour'>;

/** Makes the hand-off to one provider by OpenID Connect or OAuth 2.0; nothing is fetched before it is needed. */
export function createStandardUpstream(preset: UpstreamProvider, services: UpstreamServices): StandardUpstream {
  const { callbackUrl, fetch, clock, log, demandsCallbackIssuer = false } = services;
  const { sought = { organizations: [], groups: [] } } = services;
  const provider = askingFor(preset, sought);
  const { id, issuer } = provider;
  const isOidc = provider.protocol !== 'oauth2';
  const metadata = refreshing(() => readMetadata(), clock, discoverySettings);
  const requestTokens = createTokenRequests(provider, fetch, clock);
  const exchange = createCodeExchange(provider, callbackUrl, requestTokens);
  const refreshTokens = createTokenRefresh(provider, callbackUrl, requestTokens);

  /** For what needs none of the provider's keys. */
  const configured = onceFor((server: ProviderMetadata['server']) => configure(provider, server, fetch));

  function warnOfMissingScopes(asked: readonly string[], tokens: UpstreamTokens): void {
    const missing = missingScopes(provider, asked, tokens);
    if (missing.length === 0) return;
    const description = `Not granted, though asked for: ${missing.join(' ')}.`;
    log?.({ level: 'warn', event: 'upstream scopes missing', provider: id, description });
  }

  async function readMetadata(): Promise<ProviderMetadata> {
    const { server, ...found } = await discover(provider, fetch);
    // RFC 9207 §2.4: what makes the library demand the parameter.
    return {
      ...found,
      server: { ...server, ...(demandsCallbackIssuer && { authorization_response_iss_parameter_supported: true }) },
    };
  }

  return {
    async authorizationUrl({ state, codeVerifier, nonce }) {
      const { scopes, server } = await metadata();
      const url = buildAuthorizationUrl(configured(server), {
        ...provider.authorizationParameters,
        response_type: 'code',
        client_id: provider.clientId,
        redirect_uri: callbackUrl,
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        state,
        ...(isOidc && { nonce }),
        ...(provider.pkce !== false && {
          code_challenge: codeChallengeOf(codeVerifier),
          code_challenge_method: codeChallengeMethod,
        }),
      });
      // A literal plus is %2B by now. Some providers do not read a plus as a space.
      url.search = url.search.replaceAll('+', '%20');
      return url;
    },

    async complete(callback) {
      const current = await metadata();
      const answer = await exchange(current, callback);
      warnOfMissingScopes(current.scopes, answer.tokens);
      return identify(current, answer);
    },

    async refresh(previous) {
      try {
        return await refreshTokens(await metadata(), previous);
      } catch (thrown) {
        throw refreshFault(id, thrown);
      }
    },

    async identify(answer) {
      return identify(await metadata(), answer);
    },

    async revoke(tokens) {
      const { server } = await metadata();
      return inStep('revocation response', () => revokeTokens(provider, server, tokens, fetch));
    },
  };

  async function identify(current: ProviderMetadata, answer: TokenAnswer): Promise<SignedInUser> {
    const { tokens, idToken } = answer;
    const ask = questionsFor(current, tokens);
    const scopes = grantedScopes(provider, tokens) ?? current.scopes;
    const profile = await inStep('userinfo response', () => readProfile(current, tokens, idToken, ask));
    const joined = joinClaims({ idToken, profile });
    const describe = async () => {
      const claims = await provider.identify?.({ tokens, idToken, profile, ask, scopes, sought });
      return claims ? readUserInfo(claims, { ...claims, ...joined }) : readUserInfo(joined);
    };
    const user = await inStep('identity', describe, accountOf(joined));
    // Subjects are those of the tenant; what its ID tokens say was verified.
    const namespace = provider.issuerOfTenant ? (idToken.iss as string) : issuer;
    return { ...answer, provider: id, issuer: namespace, subject: user.sub, user };
  }

  function questionsFor({ server }: ProviderMetadata, { access_token: accessToken }: UpstreamTokens) {
    const { authorization_endpoint, token_endpoint, userinfo_endpoint } = server;
    const addresses = [issuer, authorization_endpoint, token_endpoint, userinfo_endpoint, provider.endpoints?.userInfo];
    return createAsk({ provider, addresses: addresses.filter((address) => address !== undefined), accessToken, fetch });
  }

  async function readProfile(
    { server }: ProviderMetadata,
    { access_token }: UpstreamTokens,
    { sub }: Claims,
    ask: IdentityEvidence['ask'],
  ): Promise<Claims> {
    if (server.userinfo_endpoint === undefined) return {};
    // OpenID Connect Core §5.3.2: the subject is the ID token's, or the answer is not used.
    if (isOidc) return fetchUserInfo(configured(server), access_token, sub as string);
    const profile = await ask(server.userinfo_endpoint);
    if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) throw new AnswerFault('NO_PROFILE');
    return profile as Claims;
  }

  async function inStep<T>(step: UpstreamStep, act: () => Promise<T>, account?: string): Promise<T> {
    try {
      return await act();
    } catch (thrown) {
      throw upstreamFault(id, step, thrown, account);
    }
  }
}

/** Makes something of an object once. */
function onceFor<K extends object, V>(make: (source: K) => V): (source: K) => V {
  const made = new WeakMap<K, V>();
  return (source) => {
    const value = made.get(source) ?? make(source);
    made.set(source, value);
    return value;
  };
}

/** The provider, asked for what rules of access have to know as well. */
function askingFor(preset: UpstreamProvider, { organizations, groups }: SoughtNames): UpstreamProvider {
  const { scopesFor = {} } = preset;
  const more = [
    ...((organizations.length > 0 && scopesFor.organizations) || []),
    ...((groups.length > 0 && scopesFor.groups) || []),
  ];
  return more.length > 0 ? { ...preset, scopes: [...new Set([...preset.scopes, ...more])] } : preset;
}
