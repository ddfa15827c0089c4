import { OAuthAuthorizationServer, optionsFromEnvironment } from 'mcp-gatehouse';

let made: OAuthAuthorizationServer | undefined;

/**
 * The gate, made at the first request: `next build` runs these files too, where no secret is at hand.
 *
 * Next.js may make one for each route, and several processes may serve them: all that they share is in the store.
 */
export function gate(): OAuthAuthorizationServer {
  return (made ??= makeGate());
}

function makeGate(): OAuthAuthorizationServer {
  const {
    issuer = 'http://localhost:3000',
    secret = [],
    store = 'sqlite:gatehouse.sqlite',
    ...settings
  } = optionsFromEnvironment(process.env);
  return new OAuthAuthorizationServer({
    ...settings,
    issuer,
    secret,
    store,
    resources: [
      {
        url: `${issuer}/mcp`,
        name: 'Next.js example',
        scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
        defaultScopes: ['mcp:tools'],
      },
    ],
    tokenMapper: (_tokens, user) => ({ name: user.name, email: user.email }),
  });
}
