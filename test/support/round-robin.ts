import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** An instance to which requests can be sent. */
export interface Target {
  readonly port: number;
  isAlive(): boolean;
}

/** What a {@link roundRobin} lets its test see and do. */
export interface RoundRobin<T extends Target> {
  readonly server: Server;
  /** The targets, in turn; may be changed. */
  targets: T[];
  /** Which target answered each request, in their order. */
  readonly served: T[];
}

/**
 * A load balancer without stickiness: each request goes to the next instance, over a new connection.
 *
 * One that cannot be reached is passed over; one that ends in the middle ends the client's connection.
 *
 * @param settled - awaited before a request is passed on, and before its answer is
 */
export function roundRobin<T extends Target>(settled: (target: T) => Promise<unknown> = () => Promise.resolve()) {
  let turn = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    for (let attempt = 0; attempt < balancer.targets.length; attempt++) {
      const target = balancer.targets[turn++ % balancer.targets.length] as T;
      if (!target.isAlive()) continue;
      await settled(target);
      balancer.served.push(target);
      const outcome = await forward(target, request, body).catch((error: unknown) => error as NodeJS.ErrnoException);
      if (outcome instanceof Error) {
        if (outcome.code === 'ECONNREFUSED') continue;
        break;
      }
      await settled(target);
      response.writeHead(outcome.status, outcome.rawHeaders).end(outcome.body);
      return;
    }
    response.destroy();
  }

  const balancer: RoundRobin<T> = {
    server: createServer((request, response) => {
      pass(request, response).catch(() => response.destroy());
    }),
    targets: [],
    served: [],
  };
  return balancer;
}

async function forward({ port }: Target, { method, url, rawHeaders }: IncomingMessage, body: Buffer) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers: string[] = [];
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
      if (!/^(connection|transfer-encoding|content-length|keep-alive)$/i.test(name)) headers.push(name, value);
    }
    if (body.length > 0) headers.push('content-length', String(body.length));
    const forwarded = send({
      host: '127.0.0.1',
      port,
      method,
      path: url,
      headers: [...headers, 'connection', 'close'] as unknown as Record<string, string>,
      agent: false,
    });
    forwarded.on('response', resolve).on('error', reject).end(body);
  });
  const passed = await buffer(answer);
  const raw: string[] = [];
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = answer.rawHeaders.slice(index, index + 2);
    if (!/^(connection|transfer-encoding|keep-alive)$/i.test(name)) raw.push(name, value);
  }
  return { status: answer.statusCode ?? 502, rawHeaders: raw, body: passed };
}
