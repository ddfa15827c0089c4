import { isAnswer, type Question } from '../ask.js';
import { fault, skipped, verdict, warning, well, type Check, type CheckGroup, type Scene } from '../check.js';
import { jsonOf, textIn } from '../document.js';
import { described, isRedirect, mediaType, pathOf, shown } from '../wording.js';

/** Of the right length, and nobody's. */
const madeUpVerifier = 'gatehouse-doctor-'.repeat(3);

/** A request for tokens with a code that was never issued; `padding` makes its body larger by so many bytes. */
export function codeRequest(url: string, clientId: string, redirectUri = 'http://127.0.0.1/', padding = 0): Question {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: 'made-up-by-the-doctor',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_verifier: madeUpVerifier,
    ...(padding > 0 && { padding: 'x'.repeat(padding) }),
  });
  return {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  };
}

async function refusedCode({ deployment, probe, client }: Scene, padding = 0) {
  const url = deployment.endpoint('token_endpoint');
  const trial = await client();
  if (url === undefined) return undefined;
  const outcome = await probe.ask(codeRequest(url, trial?.clientId ?? 'doctor', trial?.redirectUri, padding));
  return { path: pathOf(url), outcome, expected: trial ? 'invalid_grant' : 'invalid_client' };
}

const refusal: Check = {
  name: 'token-refusal',
  title: 'The token endpoint refuses a made-up code, in the words of the standard',
  matters:
    'Clients act on the JSON of an error: invalid_grant sends the user to sign in again. An HTML page in its place, or another status, leaves them stuck, or has them forget everything.',
  remedy:
    'Let errors through as the server writes them (nginx: proxy_intercept_errors off, no error_page for 4xx; Cloudflare: no custom error page here; IIS: <httpErrors existingResponse="PassThrough"/>).',
  async look(scene) {
    const asked = await refusedCode(scene);
    if (!asked) return skipped('The document has no token_endpoint.');
    const { path, outcome, expected } = asked;
    if (!isAnswer(outcome)) return fault(`${path} ${described(outcome)}.`);
    const code = textIn(jsonOf(outcome), 'error');
    if (code === undefined || isRedirect(outcome))
      return fault(`${path} ${described(outcome)}, and not the JSON of an error.`);
    if (code === 'invalid_request') return skipped('The form did not arrive.');
    const status = expected === 'invalid_grant' ? 400 : 401;
    return verdict(
      [
        ...(code === expected ? [] : [`${path} answered ${shown(code, 60)}, and not ${expected}.`]),
        ...(outcome.status === status
          ? []
          : [`${path} answered with the status ${outcome.status}, and not ${status}.`]),
        ...(mediaType(outcome) === 'application/json'
          ? []
          : [`Its content type is ${shown(mediaType(outcome) || 'missing', 60)}.`]),
      ],
      outcome.headers.get('cache-control')?.includes('no-store')
        ? []
        : [`${path} answers without Cache-Control: no-store.`],
    );
  },
};

const form: Check = {
  name: 'token-form',
  title: 'A form arrives at the token endpoint',
  matters:
    'Codes and refresh tokens are sent in a form. Where the body is lost, every client fails at the last step: the user has signed in, and nothing happens.',
  remedy:
    'Something reads the body before the router, and leaves nothing behind. Mount gate.createRouter() before body parsers, or have them set req.body (express.urlencoded); a proxy of your own in Node must not parse bodies that it passes on.',
  async look(scene) {
    const asked = await refusedCode(scene);
    if (!asked) return skipped('The document has no token_endpoint.');
    const { path, outcome } = asked;
    const code = textIn(jsonOf(outcome), 'error');
    if (code === undefined) return skipped('The answer does not tell.');
    return code === 'invalid_request'
      ? fault(`${path} says that the form is not there or cannot be read (invalid_request).`)
      : well();
  },
};

const [usualBody, largeBody] = [6 * 1024, 48 * 1024];

const bodySize: Check = {
  name: 'body-size',
  title: 'Larger forms arrive, too',
  matters:
    'Signed client assertions, long ids and calls of tools make bodies of several KB. Where the limit is low, some clients fail with 413 and others do not.',
  remedy:
    'nginx: client_max_body_size 1m; (more, for the MCP path, where tools take files); Express: app.use(express.json({ limit: "1mb" })); Apache: LimitRequestBody 1048576.',
  async look(scene) {
    const small = await refusedCode(scene);
    if (!small || !isAnswer(small.outcome)) return skipped('The token endpoint does not answer.');
    const { status } = small.outcome;
    for (const [size, judge] of [
      [usualBody, fault],
      [largeBody, warning],
    ] as const) {
      const large = await refusedCode(scene, size);
      if (!large || (isAnswer(large.outcome) && [status, 429].includes(large.outcome.status))) continue;
      return judge(
        `With a form of ${size / 1024} KB, ${large.path} ${described(large.outcome)}; with a small one, ${status}.`,
      );
    }
    return well();
  },
};

/** Where codes are traded. */
export const tokens: CheckGroup = { title: 'The token endpoint', checks: [refusal, form, bodySize] };
