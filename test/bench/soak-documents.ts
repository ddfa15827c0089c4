import { createServer } from 'node:http';
import { listen, stop } from '../support/upstream-provider.js';

/** Metadata documents of as many clients as anybody asks for, on loopback. */
export async function startSoakDocuments() {
  const server = createServer((request, response) => {
    const document = {
      client_id: `${origin}${request.url ?? ''}`,
      client_name: 'Client with a document',
      redirect_uris: ['http://127.0.0.1:8910/callback'],
      token_endpoint_auth_method: 'none',
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  const origin = `http://127.0.0.1:${await listen(server, 0)}`;
  return { url: (name: string) => `${origin}/${name}.json`, close: () => stop(server) };
}
