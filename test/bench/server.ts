import { createServer, type RequestListener } from 'node:http';
import { OAuthAuthorizationServer } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { testSecret } from '../support/gatehouse.js';

/** What the benchmark tells this process at its start. */
export interface BenchSettings {
  readonly port: number;
  /** `bare` answers a small JSON document with nothing but `node:http`: the measure of all others. */
  readonly store: string;
  readonly upstream: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string };
}

const settings = JSON.parse(process.argv[2] ?? '{}') as BenchSettings;

let handler: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"…","token_type":"Bearer"}');
};
const server = createServer((request, response) => handler(request, response));
const issuer = `http://127.0.0.1:${settings.port}`;
if (settings.store !== 'bare') handler = gatehouse();
server.listen(settings.port, '127.0.0.1', () => process.send?.({ ready: true }));

/** Answers how much CPU time this process has used so far, in microseconds, all threads. */
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system });
});

function gatehouse(): RequestListener {
  const gate = new OAuthAuthorizationServer({
    issuer,
    secret: testSecret,
    store: settings.store,
    providers: [oidcProvider(settings.upstream)],
    resources: [{ url: `${issuer}/mcp`, scopes: { 'mcp:tools': 'Use the tools' } }],
    tokenMapper: (_tokens, user) => ({ email: user.email }),
  });
  const router = gate.createRouter();
  const protect = gate.requireBearerAuth({ scopes: ['mcp:tools'] });
  return (request, response) => {
    if (request.url !== '/mcp') router(request, response);
    else protect(request, response, () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  };
}
