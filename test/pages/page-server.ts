import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpReply } from '../../src/http/message.js';

/** Serves pages as they are, and takes what their forms post. */
export interface PageServer {
  readonly origin: string;
  /** What was asked for, as `GET /path`. */
  readonly asked: string[];
  readonly posted: { origin: string | undefined; form: Record<string, string> }[];
  close(): void;
}

/** Starts one on a free port; its caller closes it. */
export async function servePages(replyFor: (url: string) => HttpReply | undefined): Promise<PageServer> {
  const asked: string[] = [];
  const posted: PageServer['posted'] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const reply = request.method === 'POST' ? undefined : replyFor(request.url ?? '');
    if (reply) return response.writeHead(reply.status, { ...reply.headers } as Record<string, string>).end(reply.body);
    if (request.method !== 'POST') return response.writeHead(404).end();
    return void text(request).then((body) => {
      posted.push({ origin: request.headers.origin, form: Object.fromEntries(new URLSearchParams(body)) });
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, asked, posted, close: () => void server.close() };
}
