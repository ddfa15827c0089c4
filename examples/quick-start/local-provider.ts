import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { interactionPolicy, Provider, type Adapter, type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';

/** Settings of {@link localProvider}. */
export interface LocalProviderOptions {
  /** Where the provider is mounted, such as `http://localhost:3000/local-provider`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The callback of the authorization server that signs its users in here. */
  readonly redirectUri: string;
  /** The private key that signs ID tokens. @defaultValue a new one */
  readonly signingKey?: JsonWebKey;
}

/** Something that answers requests: mountable in Express, or a server of its own. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An OpenID provider for development: it takes any user name and any password, and forgets everything on a restart. */
export function localProvider(options: LocalProviderOptions): Handler {
  const provider = createProvider(options);
  const answer = provider.callback();

  return async (request, response) => {
    // Nobody stays signed in here: the form is shown each time, so that one can become somebody else.
    request.headers.cookie = request.headers.cookie?.replaceAll(/(?:^|; ?)_session[\w.]*=[^;]*/g, '');
    if (!/^\/interaction\/[\w-]+$/.test(request.url ?? '')) return answer(request, response);
    try {
      const { prompt } = await provider.interactionDetails(request, response);
      if (prompt.name !== 'login') throw new Error(`There is no page for the prompt ${prompt.name}.`);
    } catch {
      sendPage(response, 400, expiredPage);
      return;
    }
    if (request.method !== 'POST') {
      sendPage(response, 200, signInPage(''));
      return;
    }

    const form = new URLSearchParams(await text(request));
    const accountId = userName(form.get('username'));
    if (form.has('cancel')) {
      await provider.interactionFinished(request, response, { error: 'access_denied' });
    } else if (accountId === undefined) {
      sendPage(response, 400, signInPage('Please give a user name.'));
    } else {
      await provider.interactionFinished(request, response, { login: { accountId, remember: false } });
    }
  };
}

/** A key as {@link LocalProviderOptions.signingKey} wants it. */
export function newSigningKey(): JsonWebKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
}

function createProvider({ issuer, clientId, clientSecret, redirectUri, signingKey }: LocalProviderOptions): Provider {
  const policy = interactionPolicy.base();
  // Consent was given before the hand-off; a second page would ask for the same thing.
  policy.remove('consent');

  return new Provider(issuer, {
    adapter: memoryAdapters(),
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    jwks: { keys: [signingKey ?? newSigningKey()] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
    },
    interactions: {
      policy,
      url: (_context, { uid }) => `${new URL(issuer).pathname.replace(/\/$/, '')}/interaction/${uid}`,
    },
    // This library drops offline_access from requests without prompt=consent, which most providers do not ask for.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    clientBasedCORS: () => false,
    loadExistingGrant: grantEverything,
    findAccount: (_context, accountId) => ({ accountId, claims: () => claimsOf(accountId) }),
    renderError: (context) => {
      context.type = 'html';
      context.body = page('Sign-in is not possible', '<p>The request was not one that this provider can answer.</p>');
    },
  });
}

async function grantEverything({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider } = oidc;
  const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' });
  grant.addOIDCScope('openid email profile offline_access');
  await grant.save();
  return grant;
}

function userName(typed: string | null): string | undefined {
  const name = (typed ?? '').normalize('NFKC').trim().toLowerCase();
  return /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u.test(name) ? name : undefined;
}

function claimsOf(sub: string) {
  const local = sub.split('@')[0] ?? sub;
  const name = local.charAt(0).toUpperCase() + local.slice(1);
  return { sub, email: `${local}@example.test`, email_verified: true, name, preferred_username: sub };
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(html);
}

function signInPage(message: string): string {
  return page(
    'Sign in',
    `<p>This is a provider for trying things out: any user name will do, and any password.</p>
<p role="alert">${message}</p>
<form method="post">
<label>User name <input name="username" autocomplete="username" maxlength="64" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button>
<button name="cancel" value="yes" formnovalidate class="quiet">Cancel</button>
</form>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 24rem; margin: 12vh auto; padding: 0 1rem; color: #222 }
label { display: block; margin: 1rem 0 } [role=alert] { color: #a00 }
input { display: block; box-sizing: border-box; width: 100%; font: inherit; padding: .5rem; border: 1px solid #888; border-radius: 6px }
button { font: inherit; padding: .5rem 1rem; border: 1px solid #1a56b0; border-radius: 6px; background: #1a56b0; color: #fff }
.quiet { background: none; color: #1a56b0 }
</style>
<h1>${title}</h1>
${content}
</html>`;
}

const expiredPage = page('This page has expired', '<p>Start the sign-in again from your application.</p>');

/** Keeps what the provider issued for as long as the process lives; the library itself looks at expiry. */
function memoryAdapters(): (model: string) => Adapter {
  const records = new Map<string, AdapterPayload>();
  const find = (isWanted: (record: AdapterPayload) => boolean) => Promise.resolve([...records.values()].find(isWanted));
  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`;
    const change = (act: () => unknown) => {
      act();
      return Promise.resolve();
    };
    return {
      upsert: (id, payload) => change(() => records.set(keyOf(id), payload)),
      find: (id) => Promise.resolve(records.get(keyOf(id))),
      findByUid: (uid) => find((record) => record.kind === model && record.uid === uid),
      findByUserCode: (userCode) => find((record) => record.kind === model && record.userCode === userCode),
      consume: (id) => change(() => Object.assign(records.get(keyOf(id)) ?? {}, { consumed: Date.now() / 1000 })),
      destroy: (id) => change(() => records.delete(keyOf(id))),
      revokeByGrantId: (grantId) =>
        change(() => {
          for (const [key, record] of records) if (record.grantId === grantId) records.delete(key);
        }),
    };
  };
}
