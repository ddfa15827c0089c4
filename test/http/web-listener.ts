import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

/** Serves a web-standard handler on a Node server, as the adapters of Hono and Next.js do. */
export function webListener(
  handler: (request: Request, ...more: unknown[]) => Response | Promise<Response>,
): RequestListener {
  return (incoming, outgoing) => {
    const { method = 'GET', url = '/', rawHeaders } = incoming;
    const headers = new Headers();
    for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const request = new Request(new URL(url, 'http://gatehouse.test'), {
      method,
      headers,
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' as const }),
    });
    // Frameworks hand over things of their own, such as the parameters of a route.
    Promise.resolve(handler(request, { params: Promise.resolve({}) }, {}))
      .then(async (answer) => {
        outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
        if (answer.body) await pipeline(Readable.fromWeb(answer.body), outgoing);
        else outgoing.end();
      })
      .catch(() => outgoing.destroy());
  };
}
