import { publicJson } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import type { SigningKeys } from '../keys/signing-keys.js';

/** Seconds for which a verifier may keep the keys; far shorter than a new key is published before it signs. */
const maxAge = 600;

/** `GET /oauth/jwks` (RFC 7517 §5): the keys that access tokens are verified with. */
export function jwksEndpoint(keys: SigningKeys): Endpoint {
  return {
    methods: ['GET', 'HEAD'],
    cors: true,
    async handle() {
      return publicJson(await keys.jwks(), maxAge);
    },
  };
}
