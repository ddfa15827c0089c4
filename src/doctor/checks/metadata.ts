import { fault, skipped, verdict, type Check } from '../check.js';
import { isSameResource, type Deployment } from '../deployment.js';
import { isWebUrl, listIn, textIn, urlIn, type Json } from '../document.js';
import { pathOf, shown, shownUrl } from '../wording.js';
import { challengeParameter } from './mcp-server.js';

/** Everything that is published as a URL, with the name under which it is. */
function publishedUrls({ unauthenticated, resource, server }: Deployment): [string, string][] {
  const members = [
    ['resource_metadata of the challenge', challengeParameter(unauthenticated, 'resource_metadata')],
    ['resource', textIn(resource, 'resource')],
    ...listIn(resource, 'authorization_servers').map((each) => ['authorization_servers', each]),
    ['issuer', textIn(server, 'issuer')],
    ...Object.keys(server ?? {})
      .filter((name) => name === 'jwks_uri' || name.endsWith('_endpoint'))
      .map((name) => [name, textIn(server, name)]),
  ];
  return members.filter((each): each is [string, string] => each[1] !== undefined);
}

/** Whether what is published leads clients to the right host. */
export const host: Check = {
  name: 'published-host',
  title: 'Every URL that is published is https, and on the host that clients use',
  matters:
    'Clients go where the documents say. An address of the inside, another host or plain http leads them nowhere, and many refuse it by themselves.',
  remedy:
    'Set the public URL, as users enter it, in the configuration: issuer (GATEHOUSE_URL) and resources[].url. It is never taken from Host or X-Forwarded-*, so no header of the proxy mends it.',
  look({ deployment }) {
    const { entered, issuer, server } = deployment;
    const isFoundThere = textIn(server, 'issuer') === issuer;
    const hosts = new Set([
      entered.origin,
      new URL(deployment.mcpUrl).origin,
      ...(isFoundThere ? [new URL(issuer).origin] : []),
    ]);
    const wrong = publishedUrls(deployment).filter(([name, url]) => {
      if (!isWebUrl(url)) return true;
      const { origin } = new URL(url);
      return name === 'resource' ? origin !== new URL(deployment.mcpUrl).origin : !hosts.has(origin);
    });
    const byPlace = new Map<string, string[]>();
    for (const [name, url] of wrong) {
      const place = isWebUrl(url) ? new URL(url).origin : shown(url);
      byPlace.set(place, [...(byPlace.get(place) ?? []), shown(name, 60)]);
    }
    return verdict(
      [...byPlace].map(([place, names]) => `${place} stands in ${names.join(', ')}; ${entered.origin} was asked.`),
    );
  },
};

/** Whether the MCP server is called what users call it. */
export const resourceName: Check = {
  name: 'resource',
  title: 'The document names the MCP server by the URL that was entered',
  matters:
    'Clients compare resource with the URL that the user entered, and refuse the document when it is another one (RFC 9728 §3.3); tokens are made out to it.',
  remedy:
    'Configure resources: [{ url: … }] with the URL as users enter it, path included, or give users the URL that is configured.',
  look({ deployment: { resource, mcpUrl, resourceDocuments } }) {
    const named = textIn(resource, 'resource');
    if (named === undefined) return skipped('There is no document about the MCP server.');
    if (isWebUrl(named) && new URL(named).origin !== new URL(mcpUrl).origin) return skipped('It is on another host.');
    if (!isSameResource(named, mcpUrl)) return fault(`resource is ${shownUrl(named)}, and not ${shownUrl(mcpUrl)}.`);
    const others = resourceDocuments.flatMap(({ document, url }) => {
      const other = textIn(document, 'resource');
      const isRoot = new URL(url).pathname === '/.well-known/oauth-protected-resource';
      return other === undefined || isRoot || isSameResource(other, mcpUrl)
        ? []
        : [`${pathOf(url)} names ${shownUrl(other)}.`];
    });
    return verdict(others);
  },
};

/** Whether the authorization server has one name. */
export const issuerName: Check = {
  name: 'issuer',
  title: 'The authorization server has one name, to the letter',
  matters:
    'Clients look for the document where authorization_servers says, and refuse it when its issuer differs by as much as a slash (RFC 8414 §3.3).',
  remedy:
    'Use one spelling of issuer everywhere, without a slash at the end, also in createResourceServer({ issuer }) of MCP servers elsewhere. If a cache holds an old document, purge it.',
  look({ deployment: { server, serverDocuments, resource, issuer, entered } }) {
    const named = textIn(server, 'issuer');
    if (named === undefined) return skipped('There is no document about the authorization server.');
    const listed = listIn(resource, 'authorization_servers');
    const isElsewhere = (url: string) =>
      !isWebUrl(url) || ![entered.origin, new URL(issuer).origin].includes(new URL(url).origin);
    if (isElsewhere(named)) return skipped('It is on another host.');
    return verdict([
      ...(named === issuer
        ? []
        : [`issuer is ${shownUrl(named)}, and the document was found for ${shownUrl(issuer)}.`]),
      ...(resource && !listed.includes(named) && !listed.some(isElsewhere)
        ? [`authorization_servers is ${shown(listed.join(', ') || 'empty')}, and issuer is ${shownUrl(named)}.`]
        : []),
      ...serverDocuments.flatMap(({ url, document }) => {
        const other = textIn(document, 'issuer');
        return other === undefined || other === named ? [] : [`${pathOf(url)} names the issuer ${shownUrl(other)}.`];
      }),
    ]);
  },
};

/** Whether the metadata promises what clients need. */
export const abilities: Check = {
  name: 'abilities',
  title: 'The document promises what clients need',
  matters:
    'Claude, ChatGPT and the SDKs stop before sign-in when S256 is missing, cannot register without registration_endpoint or client_id_metadata_document_supported, and use the latter only where none is an authentication method.',
  remedy:
    'Let nothing rewrite the document on its way. Where you turned something off (enableDCR, clientIdMetadataDocuments), clients need ids of the configuration (clients).',
  look({ deployment: { server, resource, mcpUrl, unauthenticated } }) {
    if (!server) return skipped('There is no document about the authorization server.');
    const lacks = (name: string, value: string) => !listIn(server, name).includes(value);
    // On another host, which another check says, it is still the same server.
    const named = textIn(resource, 'resource') ?? mcpUrl;
    const hasDocuments = server['client_id_metadata_document_supported'] === true;
    const hasRegistration = urlIn(server, 'registration_endpoint') !== undefined;
    const scopes = (challengeParameter(unauthenticated, 'scope') ?? '').split(' ').filter(Boolean);
    return verdict(
      [
        ...(lacks('code_challenge_methods_supported', 'S256')
          ? ['code_challenge_methods_supported lacks S256 (PKCE).']
          : []),
        ...(lacks('response_types_supported', 'code') ? ['response_types_supported lacks code.'] : []),
        ...(lacks('grant_types_supported', 'authorization_code')
          ? ['grant_types_supported lacks authorization_code.']
          : []),
        ...(lacks('token_endpoint_auth_methods_supported', 'none')
          ? ['token_endpoint_auth_methods_supported lacks none, which clients without a secret use.']
          : []),
        ...(['authorization_endpoint', 'token_endpoint'] as const)
          .filter((name) => urlIn(server, name) === undefined)
          .map((name) => `${name} is missing.`),
        ...(hasDocuments || hasRegistration
          ? []
          : ['There is neither registration nor client_id_metadata_document_supported.']),
      ],
      [
        ...(lacks('grant_types_supported', 'refresh_token')
          ? ['grant_types_supported lacks refresh_token: users sign in every hour.']
          : []),
        ...(hasDocuments || !hasRegistration
          ? []
          : ['client_id_metadata_document_supported is not true: clients have to register.']),
        ...(hasDocuments && !hasRegistration
          ? ['registration_endpoint is missing: older clients cannot introduce themselves.']
          : []),
        ...(server['authorization_response_iss_parameter_supported'] === true
          ? []
          : ['authorization_response_iss_parameter_supported is not true (RFC 9207).']),
        ...(listIn(server, 'protected_resources').some(
          (each) => isSameResource(each, named) || isSameResource(each, mcpUrl),
        )
          ? []
          : [`protected_resources does not list ${shownUrl(mcpUrl)}.`]),
        ...scopesToldWrong(server, resource, scopes),
      ],
    );
  },
};

function scopesToldWrong(server: Json, resource: Json | undefined, challenged: readonly string[]): string[] {
  const supported = listIn(server, 'scopes_supported');
  const unknown = [...challenged, ...listIn(resource, 'scopes_supported')].filter((each) => !supported.includes(each));
  return [
    ...(unknown.length > 0
      ? [`Scopes that the authorization server does not list are asked for: ${shown([...new Set(unknown)].join(' '))}.`]
      : []),
    ...(listIn(resource, 'scopes_supported').includes('offline_access')
      ? ['offline_access is in the document about the MCP server, where it does not belong.']
      : []),
  ];
}
