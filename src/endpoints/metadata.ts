import { withCors } from '../http/cors.js';
import { publicJson } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';

/** Seconds for which a client may keep a discovery document. */
const maxAge = 300;

/** `GET /.well-known/…` (RFC 8414 §3, RFC 9728 §3): a document about this server or a resource, made once. */
export function metadataEndpoint(document: object): Endpoint {
  const reply = withCors(publicJson(document, maxAge));
  return { methods: ['GET', 'HEAD'], cors: true, handle: () => reply };
}
