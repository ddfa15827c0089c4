import type { HttpReply } from './message.js';

const anyOrigin = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
} as const;

/** Lets scripts of any origin read an answer. Never with credentials, and never on what a person looks at. */
export function withCors(reply: HttpReply): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...anyOrigin } };
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
