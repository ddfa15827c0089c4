import { randomBytes } from 'node:crypto';
import * as openid from 'openid-client';
import { callbackUrl, settings } from '../contenders/serve.js';

/**
 * The sign-in at the OpenID provider, for peers that leave it to the code of their users: state, PKCE, nonce, and an
 * ID token whose signature is verified, as mcp-gatehouse does it, and with the library that it uses.
 */
export function createSignIn() {
  const { issuer, clientId, clientSecret } = settings.upstream;
  const pending = new Map();
  let discovered;

  const configuration = () =>
    (discovered ??= openid.discovery(new URL(issuer), clientId, clientSecret, openid.ClientSecretBasic(clientSecret), {
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    }));

  return {
    /** The URL to send the browser to; `state` is for a cookie, so that no other browser can finish. */
    async begin(transaction, state = randomBytes(16).toString('base64url')) {
      const [verifier, nonce] = [openid.randomPKCECodeVerifier(), openid.randomNonce()];
      pending.set(state, { verifier, nonce, transaction });
      const url = openid.buildAuthorizationUrl(await configuration(), {
        redirect_uri: callbackUrl,
        scope: 'openid email profile',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      return { url: url.href, state };
    },

    /** Who came back with this answer of the provider, to what they began. */
    async finish(path, expectedState) {
      const { verifier, nonce, transaction } = pending.get(expectedState);
      pending.delete(expectedState);
      const tokens = await openid.authorizationCodeGrant(await configuration(), new URL(path, callbackUrl), {
        pkceCodeVerifier: verifier,
        expectedNonce: nonce,
        expectedState,
      });
      const { sub, email } = tokens.claims();
      return { user: { sub, email }, transaction };
    },
  };
}

/** The value of a request's cookie. */
export function cookieOf(request, name) {
  for (const pair of (request.headers.cookie ?? '').split('; ')) {
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  }
  return undefined;
}

/** The smallest page that asks whether an application may have access: what it posts back is in `hidden`. */
export function consentPage(clientName, action, hidden) {
  const inputs = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return `<!doctype html><title>Consent</title><p>Allow ${escapeHtml(clientName)} to use your tools?</p>
<form method="post" action="${escapeHtml(action)}">${inputs.join('')}<button>Allow</button></form>`;
}

function escapeHtml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
