import { isAnswer } from '../ask.js';
import { fault, skipped, verdict, warning, well, type Check, type Scene, type Verdict } from '../check.js';
import { textIn } from '../document.js';
import { described, isRedirect, pathOf, shownUrl } from '../wording.js';
import { authorizationUrl, browserHeaders, noRequest, state } from './authorization-request.js';

/** Whether errors reach the client. */
export const redirects: Check = {
  name: 'redirect',
  title: 'Errors are told to the client by a redirect with state and iss',
  matters:
    'A client learns of a refusal through the browser, and believes only an answer with its own state and the right iss. A 307 or 308 would post the user’s form to the next host; a 301 is kept for ever.',
  remedy: 'Let 303 through as it is, with the whole Location (no rewriting of redirects: nginx: proxy_redirect off).',
  look: (scene) => lookAtRedirect(scene, state),
};

/** Whether nothing cuts URLs. */
export const longUrls: Check = {
  name: 'long-urls',
  title: 'Long URLs come through, there and back',
  matters:
    'Clients put up to 2 KB into state, and ids are long as well. Where a limit cuts them, some clients fail with 414, or with a state that is not theirs.',
  remedy:
    'nginx: large_client_header_buffers 4 16k; and proxy_buffer_size 16k; (for the Location header; proxy_buffers 8 16k with it); Apache: LimitRequestLine 16384.',
  async look(scene) {
    const usual = await lookAtRedirect(scene, state);
    if (usual.level !== 'well') return skipped('Redirects do not work with short ones either.');
    return lookAtRedirect(scene, 's'.repeat(2000));
  },
};

/** Asks for what is not supported, so that the answer is a redirect to the client and nothing begins. */
async function lookAtRedirect(scene: Scene, sent: string): Promise<Verdict> {
  const url = await authorizationUrl(scene, { response_type: 'doctor', state: sent });
  if (url === undefined) return noRequest;
  const outcome = await scene.probe.ask({ url, headers: browserHeaders });
  const length = `${Math.round(url.length / 102.4) / 10} KB`;
  const start = sent.length > 100 ? `With a URL of ${length}, ${pathOf(url)}` : pathOf(url);
  if (!isAnswer(outcome) || !isRedirect(outcome))
    return fault(`${start} ${described(outcome)}, and did not redirect to the client.`);
  const { status, headers } = outcome;
  const location = headers.get('location') ?? '';
  const { redirectUri = '' } = (await scene.client()) ?? {};
  if (!location.startsWith(redirectUri) || !URL.canParse(location))
    return fault(`${start} ${described(outcome)}, and not to the client.`);
  const { searchParams } = new URL(location);
  const issuer = textIn(scene.deployment.server, 'issuer');
  const iss = searchParams.get('iss');
  return verdict(
    [
      ...(status === 302 || status === 303 ? [] : [`${start} redirects with ${status}, and not with 303.`]),
      ...(searchParams.get('state') === sent ? [] : ['The state that came back is not the one that was sent.']),
      ...(searchParams.has('error') ? [] : ['The redirect has no error.']),
      ...(iss !== null && issuer !== undefined && iss !== issuer
        ? [`iss is ${shownUrl(iss)}, and not ${shownUrl(issuer)}.`]
        : []),
    ],
    iss === null ? ['The redirect has no iss (RFC 9207).'] : [],
  );
}

/** Whether clients find their way that know no documents. */
export const fallback: Check = {
  name: 'old-paths',
  title: 'Clients of early 2025 find their paths',
  matters:
    'Clients of the first specification (2025-03-26) take /authorize, /token and /register at the root of the host where they find no document. Few are left.',
  remedy:
    'Mount gate.createRouter() at the root of the host, before a catch-all of your own (rootAliases is on unless you turned it off).',
  async look({ deployment: { issuer }, probe }) {
    const { origin } = new URL(issuer);
    const outcomes = await Promise.all([
      probe.ask({ url: `${origin}/authorize`, headers: browserHeaders }),
      ...['/token', '/register'].map((path) =>
        probe.ask({ url: origin + path, method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
      ),
    ]);
    const statuses = outcomes.map((outcome) => (isAnswer(outcome) ? outcome.status : 0));
    if (statuses.every((status) => status === 404)) return well('not served, as with an issuer that has a path');
    const strange = outcomes.filter((outcome) => !isAnswer(outcome) || outcome.status < 400 || outcome.status >= 500);
    return strange.length === 0
      ? well()
      : warning(...strange.map((outcome) => `${pathOf(outcome.url)} ${described(outcome)}.`));
  },
};
