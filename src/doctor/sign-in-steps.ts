/** What has to succeed in a sign-in, one after the other. */
export const signInSteps = {
  client: {
    name: 'sign-in-client',
    title: 'A client can be registered for it',
    matters: 'Without a client id there is no sign-in.',
    remedy: 'Mend what the check of registration says.',
  },
  return: {
    name: 'sign-in-return',
    title: 'The user comes back with a code',
    matters: 'This is the whole way of a user: the page, the provider, and back.',
    remedy:
      'Where the browser stayed at the provider: is the redirect URI that gate.callbackUrls names registered there? On a page of yours: it says what is wrong, and the log says more under its request id.',
  },
  code: {
    name: 'sign-in-code',
    title: 'The code is traded for tokens',
    matters: 'A client that fails here shows nothing, or “authorization failed”.',
    remedy: 'Look at the log for the token endpoint. Several instances need one store and one secret.',
  },
  mcp: {
    name: 'sign-in-mcp',
    title: 'The MCP server takes the token',
    matters: 'A token that is refused at once sends the user into a circle of sign-ins.',
    remedy:
      'Does the proxy pass the Authorization header on? Is the resource of the gate the URL that users enter? Do instances share store and secret, and agree on the time?',
  },
  refresh: {
    name: 'sign-in-refresh',
    title: 'The token can be refreshed',
    matters: 'Without it users sign in every hour.',
    remedy: 'Look at the log for the token endpoint: the store, or the provider’s own refresh, has failed.',
  },
  revoke: {
    name: 'sign-in-revoke',
    title: 'What was given can be taken back, at once',
    matters: 'Who leaves, or loses a device, is to be shut out. It also clears away what the doctor was given.',
    remedy:
      'Let POST /oauth/revoke through. Where the token still works, the MCP server verifies by published keys alone, and knows only when it expires.',
  },
} as const;
