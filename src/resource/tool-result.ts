/** The member of a tool result's `_meta` in which clients look for a challenge. */
export const challengeMember = 'mcp/www_authenticate';

/** The result of a tool call that came to nothing. Both MCP SDK lines accept it. */
export interface ErrorResult {
  content: [{ type: 'text'; text: string }];
  isError: true;
  [name: string]: unknown;
}

/** A tool result that asks the client to have its user sign in, or grant more. Both MCP SDK lines accept it. */
export interface AuthErrorResult extends ErrorResult {
  _meta: { [challengeMember]: string[]; [name: string]: unknown };
}

/** @param text - what the user, or the model, reads */
export function errorResult(text: string): ErrorResult {
  return { content: [{ type: 'text', text }], isError: true };
}

/**
 * What has ChatGPT link an account, or link it again with more scopes.
 *
 * @param challenge - as it would be in `WWW-Authenticate`
 */
export function challengingResult(text: string, challenge: string): AuthErrorResult {
  return { ...errorResult(text), _meta: { [challengeMember]: [challenge] } };
}
