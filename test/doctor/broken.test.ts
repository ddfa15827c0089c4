import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { htmlPage, redirectTo, type Breakage, type PassedAnswer } from './broken-proxy.js';
import { complaintsOf, startDeployment, type ProxiedDeployment } from './deployment.js';

let deployment: ProxiedDeployment;
beforeAll(async () => {
  deployment = await startDeployment({ protocol: 'http' });
});
afterAll(() => deployment.close());
afterEach(() => deployment.proxy.break());

interface Case {
  readonly what: string;
  readonly breakage: (issuer: string) => Breakage;
  /** Exactly the checks that complain, and in which words. */
  readonly expected: Readonly<Record<string, RegExp>>;
}

const without = (...names: string[]): Breakage => ({
  answer: ({ headers }: PassedAnswer) => {
    for (const name of names) Reflect.deleteProperty(headers, name);
  },
});

const isDocument = (path: string) => path.startsWith('/.well-known/') || path.includes('/mcp/.well-known/');
const json = (document: object, headers: Record<string, string> = {}): PassedAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*', ...headers },
  body: JSON.stringify(document),
});

const cases: readonly Case[] = [
  {
    what: 'a proxy that drops WWW-Authenticate',
    breakage: () => without('www-authenticate'),
    expected: { challenge: /^fault: POST \/mcp answered 401 without a WWW-Authenticate header/ },
  },
  {
    what: 'a proxy that asks for a password',
    breakage: () => ({
      answer: (answer) => {
        if (answer.status === 401) answer.headers['www-authenticate'] = 'Basic realm="staff"';
      },
    }),
    expected: { challenge: /asks for “Basic realm="staff"”, and not for a Bearer token/ },
  },
  {
    what: 'a proxy with a sign-in of its own',
    breakage: (issuer) => ({
      request: ({ path }) => (path === '/mcp' ? redirectTo(302, `${issuer}/login?next=/mcp`) : undefined),
    }),
    expected: {
      challenge: /POST \/mcp answered 302, a redirect to .*\/login\?…, a sign-in page it seems, and not 401/,
      'cors-preflight': /OPTIONS \/mcp answered 302/,
      'cors-answers': /POST \/mcp answered 302 without Access-Control-Allow-Origin/,
    },
  },
  {
    what: 'a redirect that adds a slash to the MCP server',
    breakage: () => ({
      request: ({ path, method }) => (path === '/mcp' && method !== 'OPTIONS' ? redirectTo(308, '/mcp/') : undefined),
    }),
    expected: {
      challenge: /308, a redirect to .*\/mcp\/, which differs by a slash at the end/,
      'cors-answers': /without Access-Control-Allow-Origin/,
    },
  },
  {
    what: 'an MCP server that nobody guards',
    breakage: () => ({
      request: ({ path, method }) =>
        path === '/mcp' && method !== 'OPTIONS'
          ? json({ jsonrpc: '2.0', id: 1, result: {} }, { 'access-control-expose-headers': '*' })
          : undefined,
    }),
    expected: { challenge: /POST \/mcp answered 200, application\/json, and not 401/ },
  },
  {
    what: 'a firewall that forbids the MCP server',
    breakage: () => ({
      request: ({ path }) =>
        path === '/mcp'
          ? { ...htmlPage(403, 'Access denied'), headers: { 'content-type': 'text/html', server: 'awselb' } }
          : undefined,
    }),
    expected: {
      challenge: /403, an HTML page \(“Access denied”\), from awselb, and not 401/,
      'cors-preflight': /403/,
      'cors-answers': /403/,
    },
  },
  {
    what: 'a bot filter that goes by the User-Agent',
    breakage: () => ({
      request: ({ headers }) =>
        /python|openai|claude/i.test(headers['user-agent'] ?? '')
          ? {
              ...htmlPage(403, 'Just a moment...'),
              headers: { 'content-type': 'text/html', 'cf-mitigated': 'challenge' },
            }
          : undefined,
    }),
    expected: {
      'user-agents':
        /Claude \(Claude-User\) at \/mcp: answered 403, an HTML page \(“Just a moment\.\.\.”\), a challenge of Cloudflare; others: answered 401.*ChatGPT/,
    },
  },
  {
    what: 'a low limit of headers',
    breakage: () => ({
      request: ({ headers }) =>
        (headers['authorization'] ?? '').length > 4096 ? htmlPage(400, 'Header too large') : undefined,
    }),
    expected: { 'big-headers': /With a token of 7 KB, \/mcp answered 400/ },
  },
  {
    what: 'documents of the MCP server that are redirected',
    breakage: (issuer) => ({
      request: ({ path }) =>
        path.startsWith('/.well-known/oauth-protected-resource')
          ? redirectTo(301, `${issuer.replace('http:', 'https:')}${path}`)
          : undefined,
    }),
    expected: {
      'resource-metadata':
        /oauth-protected-resource\/mcp answered 301, a redirect to https \(.*: clients do not follow redirects there/,
      'cors-preflight': /301/,
      'cors-answers': /301/,
    },
  },
  {
    what: 'a document of the authorization server that is an HTML page',
    breakage: () => ({
      request: ({ path, method }) =>
        path === '/.well-known/oauth-authorization-server' && method !== 'OPTIONS'
          ? {
              ...htmlPage(404, 'Not found'),
              headers: { 'content-type': 'text/html', 'access-control-allow-origin': '*' },
            }
          : undefined,
    }),
    expected: {
      'server-metadata':
        /^fault: \/\.well-known\/oauth-authorization-server answered 404, an HTML page \(“Not found”\): there should be a document/,
    },
  },
  {
    what: 'documents with another content type',
    breakage: () => ({
      answer: (answer, { path }) => {
        if (path === '/.well-known/openid-configuration') answer.headers['content-type'] = 'text/plain';
      },
    }),
    expected: {
      'server-metadata': /openid-configuration answered 200, text\/plain: the content type should be application\/json/,
    },
  },
  {
    what: 'a single-page application that answers for documents that do not exist',
    breakage: () => ({
      answer: (answer, { path }) => (answer.status === 404 && isDocument(path) ? htmlPage(200, 'My app') : answer),
    }),
    expected: { 'absent-documents': /answered 200, an HTML page \(“My app”\), and there is no such document/ },
  },
  {
    what: 'a cache that serves the document of an old issuer',
    breakage: (issuer) => ({
      request: ({ url, method }) =>
        url === '/.well-known/oauth-authorization-server' && method === 'GET'
          ? json({ issuer: 'https://old.example.com', token_endpoint: `${issuer}/old` }, { age: '86400' })
          : undefined,
    }),
    expected: {
      freshness:
        /oauth-authorization-server comes from a cache, 86400 seconds old: the server itself says something else now/,
    },
  },
  {
    what: 'an issuer with a slash at the end',
    breakage: (issuer) => ({
      answer: (answer, { path }) => {
        if (/oauth-authorization-server|openid-configuration/.test(path))
          answer.body = answer.body.replace(`"issuer":"${issuer}"`, `"issuer":"${issuer}/"`);
      },
    }),
    expected: {
      issuer: /issuer is http:\/\/127\.0\.0\.1:\d+\/, and the document was found for http:\/\/127\.0\.0\.1:\d+\./,
      redirect: /iss is http:\/\/127\.0\.0\.1:\d+, and not http:\/\/127\.0\.0\.1:\d+\/\./,
    },
  },
  {
    what: 'a resource with another path',
    breakage: () => ({
      answer: (answer, { path }) => {
        if (path.includes('oauth-protected-resource')) answer.body = answer.body.replace('/mcp"', '/sse"');
      },
    }),
    expected: {
      resource: /resource is .*\/sse, and not .*\/mcp\./,
      'authorization-page': /sent the browser back to the client with the error invalid_target/,
    },
  },
  {
    what: 'a document that promises no PKCE',
    breakage: () => ({
      answer: (answer, { path }) => {
        if (path.startsWith('/.well-known/'))
          answer.body = answer.body.replace('"S256"', '"plain"').replace('"none",', '');
      },
    }),
    expected: {
      abilities:
        /code_challenge_methods_supported lacks S256 \(PKCE\)\. token_endpoint_auth_methods_supported lacks none/,
    },
  },
  {
    what: 'a proxy that builds documents from X-Forwarded-Host',
    breakage: (issuer) => ({
      answer: (answer, { path, headers }) => {
        const forwarded = headers['x-forwarded-host'];
        if (forwarded && isDocument(path)) answer.body = answer.body.replaceAll(issuer, `https://${forwarded}`);
      },
    }),
    expected: { 'forged-host': /repeats a host that was made up in X-Forwarded-Host/ },
  },
  {
    what: 'keys that are gone',
    breakage: () => ({ request: ({ path }) => (path === '/oauth/jwks' ? json({ keys: [] }) : undefined) }),
    expected: { keys: /\/oauth\/jwks has no key that a token can be verified with/ },
  },
  {
    what: 'a firewall that stops registrations',
    breakage: () => ({
      request: ({ path, method }) =>
        path === '/oauth/register' && method === 'POST'
          ? {
              ...htmlPage(403, 'Blocked'),
              headers: { 'content-type': 'text/html', 'access-control-allow-origin': '*' },
            }
          : undefined,
    }),
    expected: { registration: /As Claude.*it answered 403, an HTML page \(“Blocked”\), and not 201/ },
  },
  {
    what: 'a registration that answers 200',
    breakage: () => ({
      answer: (answer, { path }) => {
        if (path === '/oauth/register' && answer.status === 201) answer.status = 200;
      },
    }),
    expected: { registration: /answered 200, application\/json, and not 201/ },
  },
  {
    what: 'a proxy that drops all CORS headers',
    breakage: () => ({
      answer: ({ headers }) => {
        for (const name of Object.keys(headers))
          if (name.startsWith('access-control-')) Reflect.deleteProperty(headers, name);
      },
    }),
    expected: {
      'cors-preflight': /OPTIONS \/mcp answered 204 without Access-Control-Allow-Origin/,
      'cors-answers': /POST \/mcp answered 401 without Access-Control-Allow-Origin/,
    },
  },
  {
    what: 'a proxy that adds a second Access-Control-Allow-Origin',
    breakage: () => ({
      answer: ({ headers }, { method }) => {
        if (headers['access-control-allow-origin'] && method !== 'OPTIONS')
          headers['access-control-allow-origin'] = ['*', '*'];
      },
    }),
    expected: { 'cors-answers': /has Access-Control-Allow-Origin twice \(\*, \*\), which browsers refuse/ },
  },
  {
    what: 'a proxy that answers OPTIONS with 405',
    breakage: () => ({ request: ({ method }) => (method === 'OPTIONS' ? htmlPage(405, 'Not allowed') : undefined) }),
    expected: { 'cors-preflight': /OPTIONS \/oauth\/token answered 405, an HTML page/ },
  },
  {
    what: 'a challenge that scripts cannot read',
    breakage: () => ({
      answer: ({ headers }, { method }) => {
        if (method !== 'OPTIONS') Reflect.deleteProperty(headers, 'access-control-expose-headers');
      },
    }),
    expected: { 'cors-answers': /POST \/mcp does not expose WWW-Authenticate to scripts/ },
  },
  {
    what: 'a proxy that drops the policy of the page',
    breakage: () => without('content-security-policy', 'x-frame-options'),
    expected: {
      'page-headers': /Content-Security-Policy is missing\. Nothing forbids other sites to show it in a frame/,
    },
  },
  {
    what: 'a proxy that adds form-action',
    breakage: () => ({
      answer: ({ headers }, { path }) => {
        const own = headers['content-security-policy'];
        if (path === '/oauth/authorize' && typeof own === 'string')
          headers['content-security-policy'] = [own, "default-src 'self'; form-action 'self'"];
      },
    }),
    expected: { 'page-form': /Content-Security-Policy has “form-action 'self'”/ },
  },
  {
    what: 'a proxy that drops Set-Cookie',
    breakage: () => without('set-cookie'),
    expected: { cookie: /The page came without Set-Cookie/ },
  },
  {
    what: 'a proxy that rewrites cookies',
    breakage: () => ({
      answer: ({ headers }) => {
        if (headers['set-cookie'])
          headers['set-cookie'] = [headers['set-cookie']].flat().map((each) => each.replace('Lax', 'Strict'));
      },
    }),
    expected: { cookie: /The cookie gatehouse-\S+ lacks SameSite=Lax/ },
  },
  {
    what: 'a proxy that drops Cookie',
    breakage: () => ({ request: ({ headers }) => void Reflect.deleteProperty(headers, 'cookie') }),
    expected: { 'cookie-return': /gave a new cookie to a browser that had sent one/ },
  },
  {
    what: 'a cache that keeps the authorization page',
    breakage: () => {
      const kept = new Map<string, PassedAnswer>();
      return {
        request: ({ path, url, headers }) =>
          path === '/oauth/authorize' && !headers['cookie'] ? kept.get(url) : undefined,
        answer: (answer, { url }) => {
          if (answer.status === 200) kept.set(url, answer);
        },
      };
    },
    expected: { 'page-cache': /Two visitors got the very same page: it comes from a cache/ },
  },
  {
    what: 'a proxy that lets pages be kept',
    breakage: () => ({
      answer: (answer, { path }) => {
        if (path === '/oauth/authorize') answer.headers['cache-control'] = 'public, max-age=600';
      },
    }),
    expected: { 'page-cache': /Cache-Control is “public, max-age=600”, and not no-store/ },
  },
  {
    what: 'a proxy that redirects with 307',
    breakage: () => ({
      answer: (answer) => {
        if (answer.status === 303) answer.status = 307;
      },
    }),
    expected: { redirect: /\/oauth\/authorize redirects with 307, and not with 303/ },
  },
  {
    what: 'a proxy that rewrites where redirects lead',
    breakage: (issuer) => ({
      answer: ({ headers }) => {
        const { location } = headers;
        if (typeof location === 'string') headers['location'] = location.replace('http://127.0.0.1:33418', issuer);
      },
    }),
    expected: { redirect: /\/oauth\/authorize answered 303, a redirect .*, and not to the client/ },
  },
  {
    what: 'a low limit of URLs',
    breakage: () => ({ request: ({ url }) => (url.length > 2048 ? htmlPage(414, 'URI too long') : undefined) }),
    expected: { 'long-urls': /With a URL of [\d.]+ KB, \/oauth\/authorize answered 414/ },
  },
  {
    what: 'a proxy that cuts long Location headers',
    breakage: () => ({
      answer: ({ headers }) => {
        if (typeof headers['location'] === 'string') headers['location'] = headers['location'].slice(0, 1500);
      },
    }),
    expected: { 'long-urls': /The state that came back is not the one that was sent/ },
  },
  {
    what: 'a proxy that puts pages of its own in the place of errors',
    breakage: () => ({
      answer: (answer, { path }) =>
        path === '/oauth/token' && answer.status >= 400
          ? {
              ...htmlPage(answer.status, 'Oops'),
              headers: { 'content-type': 'text/html', 'access-control-allow-origin': '*' },
            }
          : answer,
    }),
    expected: { 'token-refusal': /\/oauth\/token answered 400, an HTML page \(“Oops”\), and not the JSON of an error/ },
  },
  {
    what: 'a parser that reads the form before the router',
    breakage: () => ({
      request: (request) => {
        if (request.path === '/oauth/token') request.body = Buffer.alloc(0);
      },
    }),
    expected: { 'token-form': /says that the form is not there or cannot be read \(invalid_request\)/ },
  },
  {
    what: 'a limit of bodies at 1 KB',
    breakage: () => ({ request: ({ body }) => (body.length > 1024 ? htmlPage(413, 'Too large') : undefined) }),
    expected: { 'body-size': /With a form of 6 KB, \/oauth\/token answered 413.*with a small one, 400/ },
  },
  {
    what: 'a limit of bodies at 16 KB',
    breakage: () => ({ request: ({ body }) => (body.length > 16_384 ? htmlPage(413, 'Too large') : undefined) }),
    expected: { 'body-size': /^warning: With a form of 48 KB/ },
  },
  {
    what: 'a clock that is ten minutes ahead',
    breakage: () => ({
      answer: ({ headers }) => void (headers['date'] = new Date(Date.now() + 600_000).toUTCString()),
    }),
    expected: { clock: /^fault: The server's clock is 10 minutes ahead/ },
  },
  {
    what: 'a clock that is 45 seconds behind',
    breakage: () => ({
      answer: ({ headers }) => void (headers['date'] = new Date(Date.now() - 45_000).toUTCString()),
    }),
    expected: { clock: /^warning: The server's clock is 4[3-6] seconds behind/ },
  },
  {
    what: 'an instance that is not ready',
    breakage: () => ({
      request: ({ path }) => (path === '/readyz' ? { ...json({ ready: false }), status: 503 } : undefined),
    }),
    expected: { health: /\/readyz answered 503/ },
  },
  {
    what: 'old paths that a catch-all answers',
    breakage: () => ({ request: ({ path }) => (path === '/authorize' ? htmlPage(200, 'My app') : undefined) }),
    expected: { 'old-paths': /^warning: \/authorize answered 200, an HTML page/ },
  },
];

/** What is true of each of them here, and not what is looked for. */
const plainHttp = { https: expect.stringMatching(/^warning: Plain http on this computer/) as string };

describe('the doctor', () => {
  it('finds nothing wrong where nothing is, but for plain http', async () => {
    const findings = await deployment.examine();
    expect(complaintsOf(findings)).toEqual(plainHttp);
    expect(findings.filter(({ level }) => level === 'skipped').map(({ name }) => name)).toEqual([
      'certificate',
      'tls-version',
    ]);
  });

  it('stores nothing', async () => {
    const before = deployment.writes();
    await deployment.examine();
    expect(deployment.writes()).toBe(before);
  });

  it('finds the MCP server from the issuer, too', async () => {
    expect(complaintsOf(await deployment.examine(deployment.issuer))).toEqual(plainHttp);
    expect(complaintsOf(await deployment.examine(`${deployment.issuer}/mcp/`))).toEqual(plainHttp);
  });

  it.each(cases)('names $what', async ({ breakage, expected }) => {
    deployment.proxy.break(breakage(deployment.issuer));
    const findings = await deployment.examine();
    expect(complaintsOf(findings)).toEqual({
      ...plainHttp,
      ...Object.fromEntries(
        Object.entries(expected).map(([name, words]) => [name, expect.stringMatching(words) as string]),
      ),
    });
    for (const { remedy, matters, level } of findings) {
      const isBad = level === 'fault' || level === 'warning';
      expect([Boolean(remedy), Boolean(matters)]).toEqual([isBad, isBad]);
    }
  });

  it('names a proxy that reads forms and then passes nothing on', async () => {
    deployment.proxy.break({
      request: ({ path, method }) => (path === '/oauth/token' && method === 'POST' ? 'hang' : undefined),
    });
    expect(complaintsOf(await deployment.examine(deployment.mcpUrl, {}, 2))).toEqual({
      ...plainHttp,
      'token-refusal': 'fault: /oauth/token did not answer in time.',
    });
  });

  it('names what is slow', async () => {
    let late = 0;
    deployment.proxy.break({ request: ({ path }) => void (late += path === '/oauth/jwks' ? 4 : 0) });
    const clock = () => Date.now() / 1000 + late;
    expect(complaintsOf(await deployment.examine(deployment.mcpUrl, { clock }))).toEqual({
      ...plainHttp,
      speed: expect.stringMatching(/^warning: \/\S+ took \d\.\d s\.$/) as string,
    });
  });
});
