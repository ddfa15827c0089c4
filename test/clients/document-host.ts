import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { listen, stop } from '../support/upstream-provider.js';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

/** Signs itself: the certificate of `client.example` and all below it. */
export const certificate = fixture('certificate.pem');

/** A web server of a stranger, with TLS, on loopback. */
export interface DocumentHost {
  /** Its port; its name is `client.example`, for whoever resolves that to 127.0.0.1. */
  readonly port: number;
  /** A URL on it. */
  url(path: string, name?: string): string;
  /** What was asked of it: name of the host, method, path. */
  readonly asked: string[];
  /** How many connections were made to it. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts one, which answers with `handle`. */
export async function startDocumentHost(handle: RequestListener): Promise<DocumentHost> {
  const asked: string[] = [];
  let connections = 0;
  const server = createServer({ cert: certificate, key: fixture('key.pem') }, (request, response) => {
    asked.push(`${request.headers.host ?? ''} ${request.method ?? ''} ${request.url ?? ''}`);
    handle(request, response);
  });
  server.on('connection', () => (connections += 1));
  server.on('tlsClientError', () => undefined);
  const port = await listen(server, 0);
  return {
    port,
    url: (path, name = 'client.example') => `https://${name}:${port}${path}`,
    asked,
    connections: () => connections,
    close: () => stop(server),
  };
}
