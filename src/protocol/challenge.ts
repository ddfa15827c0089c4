/** The parameters of a `Bearer` challenge (RFC 6750 §3, RFC 9728 §5.1). */
export interface BearerChallenge {
  readonly error?: string;
  readonly error_description?: string;
  readonly scope?: string;
  readonly resource_metadata?: string;
}

/** Writes a `WWW-Authenticate: Bearer` challenge, in the order that the known clients parse. */
export function bearerChallenge(challenge: BearerChallenge): string {
  const { error, error_description, scope, resource_metadata } = challenge;
  const parameters = Object.entries({ error, error_description, scope, resource_metadata })
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
    .map(([name, value]) => `${name}="${quotable(value)}"`);
  return ['Bearer', parameters.join(', ')].filter((part) => part !== '').join(' ');
}

/**
 * Makes text safe inside a quoted string.
 *
 * Clients cut these strings with simple patterns that know no escapes, so a quote becomes an apostrophe.
 */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '');
}
