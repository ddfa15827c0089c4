import type { HttpReply } from './message.js';

const anyOrigin = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
} as const;

/** Lets scripts of any origin read an answer. Never with credentials, and never on what a person looks at. */
export function withCors(reply: HttpReply): HttpReply {
  // An answer that is made once is opened once.
  if (reply.headers['access-control-allow-origin'] === '*') return reply;
  return { ...reply, headers: openedHeaders(reply.headers) };
}

/** Named one by one: to spread one object into another takes twenty times as long as to spread one into a literal. */
function openedHeaders(headers: HttpReply['headers']): HttpReply['headers'] {
  return {
    'access-control-allow-origin': anyOrigin['access-control-allow-origin'],
    'access-control-expose-headers': anyOrigin['access-control-expose-headers'],
    ...headers,
  };
}

/** Tells whether the application has already set a header on an answer. */
export type IsSaid = (name: string) => boolean;

/** What lets scripts of any origin read an application's own answer, unless it has a mind of its own about that. */
export function openingHeaders(isSaid: IsSaid): readonly (readonly [name: string, value: string])[] {
  return isSaid('access-control-allow-origin') ? [] : openings;
}

const openings = Object.entries(anyOrigin);

/** A reply in an application's place, less what the application has said of CORS already. */
export function withoutSaid(reply: HttpReply, isSaid: IsSaid): HttpReply {
  const isOurs = (name: string) => !(name.startsWith('access-control-') && isSaid(name));
  return { ...reply, headers: Object.fromEntries(Object.entries(reply.headers).filter(([name]) => isOurs(name))) };
}

/** Answers a CORS preflight, for anybody. */
export function preflightReply(methods: readonly string[]): HttpReply {
  return {
    status: 204,
    headers: {
      ...anyOrigin,
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers':
        'Authorization, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID',
      'access-control-max-age': '86400',
    },
  };
}
