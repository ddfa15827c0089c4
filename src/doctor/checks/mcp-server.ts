import { isAnswer, type Outcome } from '../ask.js';
import { fault, skipped, verdict, warning, well, type Check, type CheckGroup, type Verdict } from '../check.js';
import { initializeRequest, type Deployment } from '../deployment.js';
import { isWebUrl } from '../document.js';
import type { Probe } from '../probe.js';
import { described, isRedirect, mediaType, pathOf, shown, shownUrl } from '../wording.js';

/** A parameter of a `Bearer` challenge. */
export function challengeParameter(outcome: Outcome, name: string): string | undefined {
  const header = isAnswer(outcome) ? (outcome.headers.get('www-authenticate') ?? '') : '';
  if (!/\bbearer\b/i.test(header)) return undefined;
  return new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(header)?.[1];
}

const challenge: Check = {
  name: 'challenge',
  title: 'Without a token, the MCP server asks for one',
  matters:
    'Every client begins with a request without a token, and finds everything else through the 401 and its WWW-Authenticate header. On anything else it stops: “could not connect”, or no sign-in ever opens.',
  remedy: 'Guard the MCP route: app.all("/mcp", gate.requireBearerAuth({ … }), handler).',
  async look({ deployment: { mcpUrl, unauthenticated: posted }, probe }) {
    const got = await probe.ask({ url: mcpUrl, headers: { accept: 'text/event-stream' } });
    const outcomes = [
      ['POST', posted],
      ['GET', got],
    ] as const;
    const faults = outcomes.flatMap(([method, outcome]) => {
      const told = faultOfChallenge(outcome);
      return told === undefined ? [] : [{ outcome, told: `${method} ${pathOf(mcpUrl)} ${told}` }];
    });
    const [first] = faults;
    if (!first) return well();
    const remedy = await remedyFor(first.outcome, mcpUrl, probe);
    return { ...fault(...faults.map(({ told }) => told)), ...(remedy !== undefined && { remedy }) };
  },
};

function faultOfChallenge(outcome: Outcome): string | undefined {
  if (!isAnswer(outcome) || outcome.status !== 401) return `${described(outcome)}, and not 401.`;
  const header = outcome.headers.get('www-authenticate');
  if (header === undefined) return 'answered 401 without a WWW-Authenticate header.';
  if (!/\bbearer\b/i.test(header))
    return `answered 401 and asks for “${shown(header, 60)}”, and not for a Bearer token.`;
  if (challengeParameter(outcome, 'resource_metadata') === undefined)
    return 'answered 401, but its WWW-Authenticate header has no resource_metadata.';
  return undefined;
}

async function remedyFor(outcome: Outcome, mcpUrl: string, probe: Probe): Promise<string | undefined> {
  if (!isAnswer(outcome))
    return 'Is the server running, and does the proxy lead to its port? Does a firewall let clients in?';
  const { status } = outcome;
  if (status === 401 && !outcome.headers.has('www-authenticate')) {
    return 'Something between clients and server drops the header. nginx: remove proxy_hide_header WWW-Authenticate, and answer 401 yourself nowhere; an API gateway: map the header WWW-Authenticate through (AWS API Gateway renames it to x-amzn-remapped-www-authenticate: use another way in).';
  }
  if (status === 401)
    return 'A proxy asks for a password or a token of its own (nginx: auth_basic, auth_request). Turn that off for this host: clients cannot know two.';
  if (isRedirect(outcome)) {
    return 'Serve the URL as it was entered, without a redirect: many clients do not follow one with a POST, or drop the token on the way. Where it leads to a sign-in page, take this path out of the proxy’s own sign-in (oauth2-proxy: --skip-auth-route; Cloudflare Access: a bypass policy). Otherwise give users the final URL, and configure it as resource.';
  }
  if (status === 403 || status === 429 || outcome.headers.has('cf-mitigated')) {
    return 'A firewall or bot filter answers in the server’s place. Let programs through for this host (Cloudflare: a WAF rule “skip” for /mcp, /oauth/* and /.well-known/*, Bot Fight Mode off; AWS WAF: exclude the bot control rules): no MCP client can solve a challenge.';
  }
  if (status === 404) {
    return (await isPrefixStripped(mcpUrl, probe))
      ? 'The proxy takes the first part of the path away. Let it pass the whole path: nginx: location /team/ { proxy_pass http://127.0.0.1:3000; } without a slash or path after the port; Caddy: handle instead of handle_path; Traefik: no StripPrefix.'
      : 'Nothing is served at this path. Is it the MCP server’s whole URL, with its path (often /mcp)? Does the proxy pass this path on?';
  }
  if (status >= 500)
    return 'The proxy does not reach the server, or the server fails: look at its log, and at the proxy’s upstream address.';
  return status === 200 && mediaType(outcome) !== 'text/html'
    ? undefined
    : 'Something else answers at this path: let the proxy lead it to the MCP server (a single-page application often answers every path with its own page).';
}

/** With its prefix twice, a path survives a proxy that takes it away once. */
async function isPrefixStripped(mcpUrl: string, probe: Probe): Promise<boolean> {
  const { origin, pathname } = new URL(mcpUrl);
  const prefix = /^\/[^/]+(?=\/)/.exec(pathname)?.[0];
  if (prefix === undefined) return false;
  const outcome = await probe.ask(initializeRequest(origin + prefix + pathname));
  return isAnswer(outcome) && outcome.status === 401;
}

const link: Check = {
  name: 'challenge-link',
  title: 'The challenge leads to the document about the MCP server',
  matters: 'Clients fetch resource_metadata first of all. Where it leads nowhere, some do not look elsewhere.',
  remedy:
    'Guard the MCP server with requireBearerAuth, which writes it from the configured resource, and let the proxy lead /.well-known/oauth-protected-resource to the server.',
  async look({ deployment, probe }) {
    const named = challengeParameter(deployment.unauthenticated, 'resource_metadata');
    if (named === undefined) return skipped('There is no such challenge.');
    if (!isWebUrl(named)) return fault(`resource_metadata is “${shown(named)}”, which is no URL.`);
    if (new URL(named).origin !== new URL(deployment.mcpUrl).origin) return skipped('It is on another host.');
    if (deployment.resourceDocuments.some(({ url }) => url === named)) return well();
    const outcome = await probe.ask({ url: named, headers: { accept: 'application/json' } });
    return isAnswer(outcome) && outcome.status === 200
      ? well()
      : fault(`${shownUrl(named)} ${described(outcome)}, and there should be a document.`);
  },
};

/** How those say who they are who come without a browser. */
const userAgents: Readonly<Record<string, string>> = {
  Claude: 'Claude-User',
  'Claude (httpx)': 'python-httpx/0.28.1',
  ChatGPT: 'openai-mcp/1.0.0',
  'Python (aiohttp)': 'Python/3.12 aiohttp/3.11.0',
  Go: 'Go-http-client/2.0',
  curl: 'curl/8.7.1',
};

const agents: Check = {
  name: 'user-agents',
  title: 'Every client is answered alike, whatever it is called',
  matters:
    'Bot filters turn away what does not look like a browser. Sign-in then works in a test and fails in claude.ai or ChatGPT: “sign-in completes, then nothing”.',
  remedy:
    'Let these User-Agents through at the filter, better all of them, for the MCP path, /.well-known/* and /oauth/* (Cloudflare: a WAF rule with the action “skip” for all managed rules and for Super Bot Fight Mode; nginx: no if ($http_user_agent …) here).',
  async look({ deployment, probe }) {
    const questions = [
      initializeRequest(deployment.mcpUrl),
      ...[...deployment.resourceDocuments.slice(0, 1), ...deployment.serverDocuments.slice(0, 1)].map(({ url }) => ({
        url,
        headers: { accept: 'application/json' },
      })),
    ];
    const told = await Promise.all(
      Object.entries(userAgents).map(async ([name, agent]) => {
        for (const question of questions) {
          const usual = await probe.ask(question);
          const outcome = await probe.ask({ ...question, headers: { ...question.headers, 'user-agent': agent } });
          if (isSameKind(usual, outcome)) continue;
          return [`${name} (${agent}) at ${pathOf(question.url)}: ${described(outcome)}; others: ${described(usual)}.`];
        }
        return [];
      }),
    );
    return verdict(told.flat());
  },
};

function isSameKind(one: Outcome, other: Outcome): boolean {
  if (!isAnswer(one) || !isAnswer(other)) return isAnswer(one) === isAnswer(other);
  // A limit that was met meanwhile is another matter.
  return one.status === other.status || other.status === 429;
}

const bigHeader = 'x'.repeat(7 * 1024);

const headers: Check = {
  name: 'big-headers',
  title: 'Large headers come through',
  matters:
    'An access token is a header of up to a few KB, and cookies and tracing headers of proxies come on top. Where the limit is low, requests fail after sign-in with 400 or 431.',
  remedy:
    'nginx: large_client_header_buffers 4 16k; (and http2: the same); Node: --max-http-header-size=16384; HAProxy: tune.bufsize 32768.',
  async look({ deployment: { mcpUrl, unauthenticated }, probe }): Promise<Verdict> {
    if (!isAnswer(unauthenticated) || unauthenticated.status !== 401)
      return skipped('The MCP server does not ask for a token.');
    const outcome = await probe.ask(initializeRequest(mcpUrl, { authorization: `Bearer ${bigHeader}` }));
    if (isAnswer(outcome) && outcome.status === 401) return well();
    const told = `With a token of 7 KB, ${pathOf(mcpUrl)} ${described(outcome)}, and not 401.`;
    return isAnswer(outcome) && outcome.status === 429 ? warning(told) : fault(told);
  },
};

/** The MCP server as clients first meet it. */
export const mcpServer: CheckGroup = { title: 'The MCP server', checks: [challenge, link, agents, headers] };

/** What the challenge asks for: what a client will request. */
export function challengedScope({ unauthenticated }: Deployment): string | undefined {
  return challengeParameter(unauthenticated, 'scope');
}
