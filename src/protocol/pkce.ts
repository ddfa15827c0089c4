import { hash, timingSafeEqual } from 'node:crypto';

/** Tells whether text is a code verifier (RFC 7636 §4.1). */
function isCodeVerifier(text: string): boolean {
  return /^[A-Za-z0-9\-._~]{43,128}$/.test(text);
}

/** The S256 challenge of a verifier (RFC 7636 §4.2). */
export function codeChallengeOf(verifier: string): string {
  return hash('sha256', verifier, 'base64url');
}

/** Tells whether a verifier belongs to a challenge (RFC 7636 §4.6). */
export function codeVerifierMatches(verifier: string, challenge: string): boolean {
  const computed = Buffer.from(codeChallengeOf(verifier));
  const expected = Buffer.from(challenge);
  return isCodeVerifier(verifier) && computed.length === expected.length && timingSafeEqual(computed, expected);
}
