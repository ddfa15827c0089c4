import { isAnswer, type Outcome, type Question } from '../ask.js';
import { verdict, type Check, type CheckGroup, type Scene } from '../check.js';
import { initializeRequest } from '../deployment.js';
import { described, pathOf, shown } from '../wording.js';
import { registrationRequest, typicalClients } from './registration.js';
import { codeRequest } from './token.js';

const origin = 'https://inspector.example.com';

/** What a script of another origin asks for. */
interface CrossOrigin {
  readonly question: Question;
  /** What it sends beside the harmless. */
  readonly headers: readonly string[];
  /** What it has to read. */
  readonly exposed?: string;
}

/** The requests that a client in a browser makes, at the deployment that was found. */
function crossOriginRequests({ deployment }: Scene): CrossOrigin[] {
  const { mcpUrl, resourceDocuments, serverDocuments } = deployment;
  const documents = [...resourceDocuments.slice(0, 1), ...serverDocuments.slice(0, 1)];
  const registration = deployment.endpoint('registration_endpoint');
  const token = deployment.endpoint('token_endpoint');
  const sent = ['content-type', 'mcp-protocol-version'];
  return [
    {
      question: initializeRequest(mcpUrl),
      headers: ['authorization', ...sent, 'mcp-session-id'],
      exposed: 'www-authenticate',
    },
    ...documents.map(({ url }) => ({
      question: { url, headers: { accept: 'application/json' } },
      headers: ['mcp-protocol-version'],
    })),
    ...(registration
      ? [{ question: registrationRequest(registration, typicalClients['Claude Code']), headers: ['content-type'] }]
      : []),
    ...(token ? [{ question: codeRequest(token, 'doctor'), headers: ['authorization', 'content-type'] }] : []),
  ];
}

const remedy =
  'Let the server answer for itself: it sets these headers, and answers OPTIONS without a token. Take CORS rules, OPTIONS rules and header filters out of the proxy for this host (nginx: no limit_except, no if ($request_method = OPTIONS), no add_header Access-Control-…, which doubles them).';

const preflight: Check = {
  name: 'cors-preflight',
  title: 'Scripts of other origins may ask (CORS preflight)',
  matters:
    'MCP Inspector and clients that run in a browser send OPTIONS first. Where it is refused they report “failed to fetch”, and nothing else.',
  remedy,
  async look(scene) {
    const told = await Promise.all(
      crossOriginRequests(scene).map(async ({ question, headers }) => {
        const outcome = await scene.probe.ask({
          url: question.url,
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': question.method ?? 'GET',
            'access-control-request-headers': headers.join(','),
          },
        });
        const minded = faultOfPreflight(outcome, headers);
        return minded === undefined ? [] : [`OPTIONS ${pathOf(question.url)} ${minded}.`];
      }),
    );
    return verdict(told.flat());
  },
};

function faultOfPreflight(outcome: Outcome, headers: readonly string[]): string | undefined {
  if (!isAnswer(outcome) || outcome.status < 200 || outcome.status > 299) return described(outcome);
  const opened = faultOfOrigin(outcome);
  if (opened !== undefined) return opened;
  const allowed = namesIn(outcome.headers.get('access-control-allow-headers'));
  // The asterisk covers everything but authorization (Fetch §4.8).
  const missing = headers.filter(
    (name) => !allowed.includes(name) && (name === 'authorization' || !allowed.includes('*')),
  );
  return missing.length > 0 ? `does not allow the headers ${missing.join(', ')}` : undefined;
}

const answers: Check = {
  name: 'cors-answers',
  title: 'Scripts of other origins may read the answers (CORS)',
  matters:
    'Without Access-Control-Allow-Origin a browser hides the answer from the client; without WWW-Authenticate exposed, the client does not learn where to sign in.',
  remedy,
  async look(scene) {
    const told = await Promise.all(
      crossOriginRequests(scene).map(async ({ question, exposed }) => {
        const outcome = await scene.probe.ask({ ...question, headers: { ...question.headers, origin } });
        const minded = isAnswer(outcome) ? faultOfReading(outcome, exposed) : undefined;
        return minded === undefined ? [] : [`${question.method ?? 'GET'} ${pathOf(question.url)} ${minded}.`];
      }),
    );
    return verdict(told.flat());
  },
};

function faultOfReading(outcome: Outcome, exposed: string | undefined): string | undefined {
  const opened = faultOfOrigin(outcome);
  if (opened !== undefined || exposed === undefined || !isAnswer(outcome)) return opened;
  // Where there is no such header, another check says so.
  if (!outcome.headers.has(exposed)) return undefined;
  const names = namesIn(outcome.headers.get('access-control-expose-headers'));
  return names.includes(exposed) || names.includes('*') ? undefined : 'does not expose WWW-Authenticate to scripts';
}

function faultOfOrigin(outcome: Outcome): string | undefined {
  if (!isAnswer(outcome)) return undefined;
  const allowed = outcome.headers.get('access-control-allow-origin');
  if (allowed === undefined) return `answered ${outcome.status} without Access-Control-Allow-Origin`;
  if (allowed === '*' || allowed === origin) return undefined;
  return allowed.includes(',')
    ? `has Access-Control-Allow-Origin twice (${shown(allowed, 60)}), which browsers refuse: the proxy adds its own`
    : `allows the origin ${shown(allowed, 60)} only`;
}

function namesIn(header: string | undefined): string[] {
  return (header ?? '').split(',').map((name) => name.trim().toLowerCase());
}

/** What browsers let scripts do. */
export const cors: CheckGroup = { title: 'From a browser (CORS)', checks: [preflight, answers] };
