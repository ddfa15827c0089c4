import { readFileSync } from 'node:fs';
import { Agent, createServer as createHttpServer, request as httpRequest, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { listen, stop } from '../support/upstream-provider.js';

/** A request as the proxy has it before it passes it on. */
export interface PassedRequest {
  readonly method: string;
  /** Path and query. */
  url: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  body: Buffer;
}

/** An answer as the proxy has it before it hands it to the client. */
export interface PassedAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

/** What a proxy does that it should not. */
export interface Breakage {
  /** Changes a request, or answers it in the server's place; `hang` never answers. */
  readonly request?: (request: PassedRequest) => PassedAnswer | 'hang' | undefined;
  /** Changes an answer. */
  readonly answer?: (answer: PassedAnswer, request: PassedRequest) => PassedAnswer | undefined;
}

/** A reverse proxy that can be broken. */
export interface BrokenProxy {
  readonly port: number;
  /** Breaks it in this way from now on; without one, it is whole. */
  break(breakage?: Breakage): void;
  /** Serves other certificates. */
  serve(certificates: readonly CertificateName[]): void;
  close(): Promise<void>;
}

/** The certificates that tests have; all for the same key. */
export type CertificateName = 'certificate' | 'intermediate' | 'expired' | 'other' | 'self-signed' | 'root';

/** Reads a certificate of the tests. */
export function pem(name: CertificateName | 'key'): string {
  return readFileSync(new URL(`../fixtures/doctor/${name}.pem`, import.meta.url), 'utf8');
}

const chain = (names: readonly CertificateName[]) => ({ key: pem('key'), cert: names.map(pem).join('\n') });
const goodChain = ['certificate', 'intermediate'] as const;

/** Starts a proxy before a server on a port of this computer, which it may learn later. */
export async function startBrokenProxy(protocol: 'http' | 'https', backend: () => number): Promise<BrokenProxy> {
  let breakage: Breakage = {};
  const secure = createHttpsServer(chain(goodChain));
  const server: Server = protocol === 'https' ? secure : createHttpServer({ maxHeaderSize: 65_536 });
  server.on('request', (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = incoming.url ?? '/';
      const request: PassedRequest = {
        method: incoming.method ?? 'GET',
        url,
        path: url.split('?')[0] ?? url,
        headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
        body: Buffer.concat(chunks),
      };
      const early = breakage.request?.(request);
      if (early === 'hang') return;
      const answered = early ? Promise.resolve(early) : pass(request, backend());
      void answered.then((answer) => {
        const changed = early ?? breakage.answer?.(answer, request) ?? answer;
        response.writeHead(changed.status, changed.headers).end(request.method === 'HEAD' ? undefined : changed.body);
      });
    });
  });
  const port = await listen(server, 0);
  return {
    port,
    break: (next = {}) => (breakage = next),
    serve: (certificates) => secure.setSecureContext(chain(certificates.length > 0 ? certificates : goodChain)),
    close: () => stop(server),
  };
}

/** Connections to the server are kept, as proxies do, which spares tests half of their time. */
const agent = new Agent({ keepAlive: true });

/** What is about a connection, and how a message is cut, ends with the connection (RFC 9110 §7.6.1). */
function endToEnd<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  const ending = ['content-length', 'transfer-encoding', 'connection', 'keep-alive'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ending.includes(name)));
}

function pass({ method, url, headers, body }: PassedRequest, port: number): Promise<PassedAnswer> {
  return new Promise((resolve) => {
    const outgoing = httpRequest({
      port,
      host: '127.0.0.1',
      method,
      path: url,
      agent,
      maxHeaderSize: 65_536,
      headers: { ...endToEnd(headers), ...(body.length > 0 && { 'content-length': body.length }) },
    });
    outgoing.on('error', () => resolve(htmlPage(502, 'Bad gateway')));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: endToEnd(incoming.headers as PassedAnswer['headers']),
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.end(body);
  });
}

/** A page of somebody who is not the server. */
export function htmlPage(status: number, title: string): PassedAnswer {
  return { status, headers: { 'content-type': 'text/html' }, body: `<html><title>${title}</title>${title}</html>` };
}

/** A redirect of somebody who is not the server. */
export function redirectTo(status: number, location: string): PassedAnswer {
  return { status, headers: { location }, body: '' };
}
