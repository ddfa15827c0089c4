import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { examine } from '../../src/doctor/examine.js';
import { createReport } from '../../src/doctor/report.js';
import { listen, stop } from '../support/upstream-provider.js';
import { complaintsOf, testWorld } from './deployment.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<URL> {
  const server: Server = createServer(listener);
  const port = await listen(server, 0);
  closing.push(() => stop(server));
  return new URL(`http://127.0.0.1:${port}/mcp`);
}

const visit = async (url: URL, timeout = 2) => (await examine(url, testWorld, timeout)).findings;

describe('a hostile or dead server', () => {
  it('that is not there is named at once, and nothing else is looked at', async () => {
    const url = await serve(() => undefined);
    await closing.pop()?.();
    const findings = await visit(url);
    expect(complaintsOf(findings)).toMatchObject({
      addresses: expect.stringMatching(/127\.0\.0\.1 port \d+ does not answer \(ECONNREFUSED\)/) as string,
      challenge: expect.stringMatching(/POST \/mcp refused the connection/) as string,
    });
    expect(new Set(findings.map(({ group }) => group))).toEqual(new Set(['The way there', 'The MCP server']));
  });

  it('whose name nobody knows is named', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const { findings } = await examine(new URL('https://nobody.example.test/mcp'), { ...testWorld, resolve }, 2);
    expect(complaintsOf(findings)['addresses']).toBe(
      'fault: nobody.example.test is a name that no address belongs to.',
    );
  });

  it('that says nothing costs seconds, and not minutes', async () => {
    const url = await serve(() => undefined);
    const complaints = complaintsOf(await visit(url, 0.2));
    expect(complaints['challenge']).toMatch(/did not answer in time/);
  });

  it('that sends a body without end, or a byte at a time, is cut off', async () => {
    const timers: NodeJS.Timeout[] = [];
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const isFast = request.url?.includes('/.well-known/');
      const flood = () => {
        while (isFast && !response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', flood);
      flood();
      if (!isFast) timers.push(setInterval(() => response.write(' '), 50));
    });
    closing.push(() => {
      for (const timer of timers) clearInterval(timer);
      return Promise.resolve();
    });
    const complaints = complaintsOf(await visit(url, 0.3));
    expect(complaints['challenge']).toMatch(/did not answer in time/);
    expect(complaints['resource-metadata']).toMatch(/that is no JSON/);
  });

  it('that redirects in a circle is asked no more often than any other', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.writeHead(302, { location: '/mcp' }).end();
    });
    await visit(url);
    expect(requests).toBeLessThan(200);
  });

  it('that sends headers without end, or no HTTP at all, is named', async () => {
    const answers = [`HTTP/1.1 200 OK\r\n${'x-many: header\r\n'.repeat(10_000)}\r\n`, 'SSH-2.0-OpenSSH_9.9\r\n'];
    for (const answer of answers) {
      const sockets = new Set<Socket>();
      const server = createTcpServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.end(answer);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const complaints = complaintsOf(await visit(new URL(`http://127.0.0.1:${port}/mcp`)));
      expect(complaints['challenge']).toMatch(/more than 64 KB of headers|gave no answer that is HTTP/);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('that writes to the terminal in what it says is shown as plain text', async () => {
    const escape = '\u001b[2J\u001b]0;title\u0007\u202e\u009b31m';
    const json = (document: object) => JSON.stringify(document);
    const url = await serve((request, response) => {
      const origin = `http://${request.headers.host ?? ''}`;
      response.setHeader('content-type', 'application/json');
      if (request.url?.includes('oauth-protected-resource'))
        return response.end(json({ resource: `x${escape}`, authorization_servers: [origin, escape] }));
      if (request.url?.includes('.well-known'))
        return response.end(json({ issuer: `${origin}/${escape}`, token_endpoint: `${origin}/t`, jwks_uri: escape }));
      response.setHeader('content-type', 'text/html');
      return response.writeHead(403).end(`<title>${escape}</title>`);
    });
    const lines: string[] = [];
    const report = createReport((line) => lines.push(line), { colours: false, width: 100 });
    for (const finding of await visit(url)) report(finding);
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines.join('\n')).toContain('403');
  });

  it('with documents of odd types ends no examination', async () => {
    const odd: unknown[] = [
      null,
      1,
      '',
      [],
      {},
      [null],
      { a: 1 },
      '__proto__',
      'http://',
      'https://[',
      'x'.repeat(100_000),
    ];
    let turn = 0;
    const next = () => odd[turn++ % odd.length];
    const members =
      'issuer resource authorization_servers protected_resources authorization_endpoint token_endpoint registration_endpoint jwks_uri revocation_endpoint scopes_supported code_challenge_methods_supported client_id error keys';
    for (let round = 0; round < odd.length; round++) {
      const url = await serve((request, response) => {
        const origin = `http://${request.headers.host ?? ''}`;
        turn = round;
        const document = Object.fromEntries(members.split(' ').map((name) => [name, next()]));
        const isSound = round % 2 === 0 && request.url?.startsWith('/.well-known/');
        response.writeHead(request.method === 'POST' ? 401 : 200, {
          'content-type': 'application/json',
          'www-authenticate': 'Bearer resource_metadata="::", scope="',
          location: 'http://[',
          date: 'never',
          'set-cookie': '=;;',
        });
        response.end(JSON.stringify({ ...document, ...(isSound && { issuer: origin, resource: `${origin}/mcp` }) }));
      });
      expect((await visit(url)).length).toBeGreaterThan(10);
    }
  });
});
