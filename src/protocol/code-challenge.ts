/** The one code challenge method that is accepted (RFC 9700 §2.1.1). */
export const codeChallengeMethod = 'S256';

/** Tells whether text is an S256 code challenge: 32 bytes in base64url (RFC 7636 §4.2). */
export function isCodeChallenge(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
