import { None, tokenRevocation, type CustomFetch, type ServerMetadata } from 'openid-client';
import { configure } from './configuration.js';
import { AnswerFault, isRevokedAlready } from './fault.js';
import type { UpstreamProvider, UpstreamTokens } from './provider.js';

/** Revokes tokens in the way of the provider; where it has none, nothing happens. */
export async function revokeTokens(
  provider: UpstreamProvider,
  server: ServerMetadata,
  tokens: UpstreamTokens,
  fetch: CustomFetch,
): Promise<void> {
  const address = server.revocation_endpoint;
  if (address === undefined) return;
  switch (provider.revocation?.style) {
    case 'delete-by-client':
      return deleteByClient(provider, address, tokens, fetch);
    case 'bearer':
      return revokeAsBearer(address, tokens, fetch);
    default:
      return revokeByStandard(provider, server, tokens, fetch);
  }
}

/** RFC 7009 §2.1; a refresh token takes its access tokens with it. */
async function revokeByStandard(
  provider: UpstreamProvider,
  server: ServerMetadata,
  { access_token, refresh_token }: UpstreamTokens,
  fetch: CustomFetch,
): Promise<void> {
  const { authenticates = true, refreshTokensOnly = false } = provider.revocation ?? {};
  if (refresh_token === undefined && refreshTokensOnly) return;
  const configuration = configure(provider, server, fetch, authenticates ? undefined : None());
  try {
    await tokenRevocation(configuration, refresh_token ?? access_token, {
      token_type_hint: refresh_token === undefined ? 'access_token' : 'refresh_token',
    });
  } catch (thrown) {
    if (!isRevokedAlready(thrown)) throw thrown;
  }
}

async function deleteByClient(
  { clientId, clientSecret, headers }: UpstreamProvider,
  address: string,
  { access_token }: UpstreamTokens,
  fetch: CustomFetch,
): Promise<void> {
  const credentials = [clientId, clientSecret].map(formEncoded).join(':'); // RFC 6749 §2.3.1
  const { ok, status } = await fetch(address, {
    method: 'DELETE',
    body: JSON.stringify({ access_token }),
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      ...headers,
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    },
  });
  // What is not there any more need not be deleted.
  if (!ok && status !== 404) throw new AnswerFault('REFUSED', status);
}

async function revokeAsBearer(address: string, { access_token }: UpstreamTokens, fetch: CustomFetch): Promise<void> {
  const response = await fetch(address, {
    method: 'POST',
    body: new URLSearchParams(),
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Bearer ${access_token}`,
    },
  });
  const { ok, error } = (await response.json().catch(() => ({}))) as {
    readonly ok?: unknown;
    readonly error?: unknown;
  };
  const isDone = ok === true || error === 'token_revoked' || error === 'token_expired' || error === 'invalid_auth';
  if (!response.ok || !isDone) throw new AnswerFault('REFUSED', response.status);
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
