/** The one code challenge method that is accepted (RFC 9700 §2.1.1). */
export const codeChallengeMethod = 'S256';
