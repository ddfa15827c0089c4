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
  const members = { error: worded(error), error_description: worded(error_description), scope, resource_metadata };
  const parameters = Object.entries(members)
    .map(([name, value = '']) => [name, quotable(value)] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}="${value}"`);
  return ['Bearer', parameters.join(', ')].filter((part) => part !== '').join(' ');
}

/**
 * Words may say anything: without an equals sign they cannot be taken for the parameters that come after them, by
 * clients that look for a name anywhere in the header.
 */
function worded(text: string | undefined): string | undefined {
  return text?.replaceAll('=', ':');
}

/**
 * Makes text safe inside a quoted string.
 *
 * Clients cut these strings with simple patterns that know no escapes, so a quote becomes an apostrophe.
 */
function quotable(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replaceAll('"', "'")
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, '')
    .trim();
}
