import { isAnswer } from '../ask.js';
import { fault, verdict, warning, well, type Check, type CheckGroup } from '../check.js';
import { resourceUrls, serverUrls } from '../deployment.js';
import { faultOfDocument, jsonOf, type FoundDocument, type Json } from '../document.js';
import { described, isRedirect, mediaType, pathOf, shown } from '../wording.js';
import { abilities, host, issuerName, resourceName } from './metadata.js';

const routeDocuments =
  'Let the proxy pass every path with /.well-known/ on to the server, unchanged, and without a redirect or a page of its own:\nnginx: location ^~ /.well-known/oauth- { proxy_pass http://127.0.0.1:3000; }  (and the same for openid-configuration; the block for ACME is apart)\nExpress: app.use(gate.createRouter()) at the root, before express.static and before any catch-all';

function faultsOfDocuments(found: readonly FoundDocument[]): string[] {
  return found.flatMap(({ url, outcome }) => {
    const minded = faultOfDocument(outcome);
    return minded === undefined ? [] : [`${pathOf(url)} ${described(outcome)}: ${minded}.`];
  });
}

const resourceDocument: Check = {
  name: 'resource-metadata',
  title: 'The document about the MCP server is at every path where clients look',
  matters:
    'This is how Claude, ChatGPT, VS Code and the MCP SDKs learn which authorization server to go to (RFC 9728).',
  remedy: routeDocuments,
  look({ deployment: { resourceDocuments, mcpUrl } }) {
    const appended = `${mcpUrl.replace(/\/$/, '')}/.well-known/oauth-protected-resource`;
    // Below the MCP server itself only a few look, and its own proxy may know nothing of the rest.
    const few = resourceDocuments.filter(({ url }) => url === appended && resourceUrls(mcpUrl).length > 2);
    const most = resourceDocuments.filter((each) => !few.includes(each));
    return verdict(faultsOfDocuments(most), faultsOfDocuments(few));
  },
};

const serverDocument: Check = {
  name: 'server-metadata',
  title: 'The document about the authorization server is at every path where clients look',
  matters:
    'Clients try these paths in different orders (RFC 8414, OpenID Connect Discovery), and stop at the first one that answers strangely. It names every endpoint.',
  remedy: routeDocuments,
  look({ deployment: { serverDocuments } }) {
    const isUnusual = ({ url }: FoundDocument) => /[^/]\/[^/]+\/\.well-known\/oauth-authorization-server$/.test(url);
    return verdict(
      faultsOfDocuments(serverDocuments.filter((each) => !isUnusual(each))),
      faultsOfDocuments(serverDocuments.filter(isUnusual)),
    );
  },
};

const absentDocuments: Check = {
  name: 'absent-documents',
  title: 'Documents that do not exist are answered with 404',
  matters:
    'Clients try more paths than there are documents, and take the next one after a 404. A page with 200, a redirect or a 5xx ends the search: “invalid metadata”.',
  remedy:
    'Answer what is unknown below /.well-known/ with 404; gate.createRouter() does so where it is mounted at the root, before the catch-all of a single-page application.',
  async look({ deployment: { mcpUrl, serverDocuments }, probe }) {
    const known = new Set(serverDocuments.map(({ url }) => url));
    const urls = serverUrls(mcpUrl.replace(/\/+$/, '')).filter((url) => !known.has(url));
    const outcomes = await Promise.all(urls.map((url) => probe.ask({ url, headers: { accept: 'application/json' } })));
    return verdict(
      outcomes.flatMap((outcome) => {
        if (!isAnswer(outcome)) return [`${pathOf(outcome.url)} ${described(outcome)}.`];
        const { status } = outcome;
        const isStrange = isRedirect(outcome) || status >= 500 || (status === 200 && jsonOf(outcome) === undefined);
        return isStrange ? [`${pathOf(outcome.url)} ${described(outcome)}, and there is no such document.`] : [];
      }),
    );
  },
};

const freshness: Check = {
  name: 'freshness',
  title: 'No cache serves an old document',
  matters:
    'After a change of URL, keys or scopes, clients go by the old document: sign-in fails for some, and for others it does not.',
  remedy:
    'Purge the cache for /.well-known/* and /oauth/*, and let it keep to Cache-Control (5 minutes) there, or pass through (Cloudflare: a cache rule “bypass”; CloudFront: CachingDisabled; nginx: no proxy_cache).',
  look({ deployment: { resourceDocuments, serverDocuments } }) {
    const found = [...resourceDocuments, ...serverDocuments];
    const stale = found.filter(({ isStale }) => isStale);
    const old = found.filter(({ outcome }) => isAnswer(outcome) && Number(outcome.headers.get('age') ?? 0) > 3600);
    const age = ({ outcome }: FoundDocument) => {
      const seconds = isAnswer(outcome) ? outcome.headers.get('age') : undefined;
      return seconds === undefined ? '' : `, ${shown(seconds, 12)} seconds old`;
    };
    return verdict(
      stale.map(
        (each) => `${pathOf(each.url)} comes from a cache${age(each)}: the server itself says something else now.`,
      ),
      old.filter((each) => !stale.includes(each)).map((each) => `${pathOf(each.url)} comes from a cache${age(each)}.`),
    );
  },
};

const invented = 'doctor.invalid';

const forgedHost: Check = {
  name: 'forged-host',
  title: 'Nobody can make it publish another host',
  matters:
    'Where documents are built from headers, an attacker has a cache keep one that sends every client to his own server.',
  remedy:
    'Take the public URL from the configuration, and from no header: mcp-gatehouse does; look at what stands before it, and rewrites its answers.',
  async look({ deployment: { serverDocuments, resourceDocuments }, probe }) {
    const forged = {
      'x-forwarded-host': invented,
      'x-forwarded-proto': 'http',
      'x-original-host': invented,
      forwarded: `host=${invented};proto=http`,
    };
    const found = [...resourceDocuments.slice(0, 1), ...serverDocuments.slice(0, 1)];
    // Past caches: what they keep is for others.
    const outcomes = await Promise.all(found.map(({ url }) => probe.askFresh({ url, headers: forged })));
    return verdict(
      outcomes
        .filter(
          (outcome) =>
            isAnswer(outcome) && [outcome.text, ...outcome.headers.values()].some((each) => each.includes(invented)),
        )
        .map(({ url }) => `${pathOf(url)} repeats a host that was made up in X-Forwarded-Host.`),
    );
  },
};

const keys: Check = {
  name: 'keys',
  title: 'The keys of access tokens are published',
  matters: 'MCP servers elsewhere verify access tokens with them: without keys they refuse everybody.',
  remedy:
    'Let the proxy pass jwks_uri on, and keep no old answer. Where the list is empty, the server does not reach its store: look at its log.',
  async look({ deployment, probe }) {
    const url = deployment.endpoint('jwks_uri');
    if (url === undefined) return warning('The document has no jwks_uri.');
    const { outcome, document } = await findKeys(url, probe.ask);
    const minded = faultOfDocument(outcome);
    // The media type of a key set is its own, and nobody minds JSON's.
    const isKeySet = isAnswer(outcome) && mediaType(outcome) === 'application/jwk-set+json';
    if (minded !== undefined && !isKeySet) return fault(`${pathOf(url)} ${described(outcome)}: ${minded}.`);
    const list: unknown = document?.['keys'];
    const published = Array.isArray(list)
      ? (list as unknown[]).filter((key): key is Json => typeof key === 'object' && key !== null)
      : [];
    if (published.some((key) => 'd' in key || 'k' in key)) return fault(`${pathOf(url)} publishes a private key.`);
    const usable = published.filter((key) => ['EC', 'RSA', 'OKP'].includes(String(key['kty'])) && key['use'] !== 'enc');
    return usable.length > 0
      ? well(`${usable.length}`)
      : fault(`${pathOf(url)} has no key that a token can be verified with.`);
  },
};

async function findKeys(url: string, ask: Parameters<Check['look']>[0]['probe']['ask']) {
  const outcome = await ask({ url, headers: { accept: 'application/json' } });
  return { outcome, document: jsonOf(outcome) };
}

/** How clients find out everything else. */
export const discovery: CheckGroup = {
  title: 'Discovery',
  checks: [
    resourceDocument,
    serverDocument,
    absentDocuments,
    host,
    resourceName,
    issuerName,
    abilities,
    freshness,
    forgedHost,
    keys,
  ],
};
