import { Agent, createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeGracefully } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { closeGracefully as closeInTime } from '../../src/express/graceful-close.js';
import { systemSleep } from '../../src/system.js';

const agents: Agent[] = [];
afterEach(() => agents.splice(0).forEach((agent) => agent.destroy()));

/** Listens on a free port. */
async function start(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** A request over a connection that the client would keep for ever; answers the body. */
function ask(port: number, path: string): Promise<string> {
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  return new Promise((resolve, reject) => {
    request({ port, path, agent, host: '127.0.0.1' }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body)).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

/** A server with a request that is answered when the test says so. */
async function startSlow() {
  let finish = (): void => undefined;
  let arrived = (): void => undefined;
  const isThere = new Promise<void>((resolve) => (arrived = resolve));
  const server = await start((incoming, response) => {
    if (incoming.url !== '/slow') return response.end('fast');
    finish = () => response.end('slow');
    arrived();
    return undefined;
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, isThere, finish: () => finish() };
}

const gateOf = (steps: string[]) => ({
  drain: () => void steps.push('drain'),
  close: () => Promise.resolve(void steps.push('gate closed')),
});

describe('a graceful close', () => {
  it('lets what is in flight finish, and closes the gate after it', async () => {
    const { server, port, isThere, finish } = await startSlow();
    await ask(port, '/');
    const answer = ask(port, '/slow');
    await isThere;
    const steps: string[] = [];
    const closed = closeGracefully(server, gateOf(steps)).then((hasFinished) => (steps.push('closed'), hasFinished));
    await expect(ask(port, '/')).rejects.toThrow('ECONNREFUSED');
    expect(steps).toEqual(['drain']);
    finish();
    expect(await answer).toBe('slow');
    // Though clients would keep their connections for ten minutes.
    expect(await closed).toBe(true);
    expect(steps).toEqual(['drain', 'gate closed', 'closed']);
  });

  it('takes requests for as long as the load balancer may not have noticed, on connections that are not kept', async () => {
    const server = await start((_request, response) => response.end('fast'));
    const steps: string[] = [];
    let isNoticed = (): void => undefined;
    const sleep = (seconds: number, signal?: AbortSignal) =>
      seconds === 7 ? new Promise<void>((resolve) => (isNoticed = resolve)) : systemSleep(seconds, signal);
    const closed = closeInTime([server], gateOf(steps), { drainTtl: 7 }, sleep);
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    expect(steps).toEqual(['drain']);
    isNoticed();
    expect(await closed).toBe(true);
    expect(steps).toEqual(['drain', 'gate closed']);
  });

  it('cuts what does not finish in time, says so, and closes the gate all the same', async () => {
    const { server, port, isThere } = await startSlow();
    const answer = ask(port, '/slow').catch((error: unknown) => String(error));
    await isThere;
    const steps: string[] = [];
    expect(await closeGracefully(server, gateOf(steps), { graceTtl: 0.2 })).toBe(false);
    expect(await answer).toContain('socket hang up');
    expect(steps).toEqual(['drain', 'gate closed']);
  });

  it('waits for no gate that does not close, such as one whose store is away', async () => {
    const server = await start((_request, response) => response.end('fast'));
    const sleep = (seconds: number, signal?: AbortSignal) => systemSleep(seconds === 10 ? 0 : seconds, signal);
    const gate = { close: () => new Promise<void>(() => undefined) };
    expect(await closeInTime([server], gate, {}, sleep)).toBe(false);
  });

  it('closes servers that were never listening', async () => {
    expect(await closeGracefully([createServer(), createServer()], { close: () => Promise.resolve() })).toBe(true);
  });
});
