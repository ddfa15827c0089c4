import type { AddressInfo } from 'node:net';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import express from 'express';
import { extractBearerToken } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';
import { sendRaw } from '../http/raw.js';

describe('the bearer token of a request', () => {
  it('is read from a header, whatever the case of its scheme', () => {
    for (const header of ['Bearer a.b-c_d~e+f/g==', 'bearer a.b-c_d~e+f/g==', ' BEARER  a.b-c_d~e+f/g== ']) {
      expect(extractBearerToken(header), header).toBe('a.b-c_d~e+f/g==');
    }
  });

  it('is absent where there is none, or nothing that can be one', () => {
    for (const header of [undefined, null, '', 'Bearer', 'Bearer ', 'Basic YTpi', 'abc', 'Bearer a b', 'Bearer a,b']) {
      expect(extractBearerToken(header), String(header)).toBeUndefined();
    }
    for (const header of ['Bearer é', 'Bearer =', 'Bearer a=b', 'Bearer a, Bearer b', 'Bearertoken']) {
      expect(extractBearerToken(header), header).toBeUndefined();
    }
  });

  it('is read from headers and requests of the web standards', () => {
    const headers = new Headers({ Authorization: 'Bearer abc' });
    expect(extractBearerToken(headers)).toBe('abc');
    expect(extractBearerToken(new Request('https://a.example', { headers }))).toBe('abc');
    headers.append('authorization', 'Bearer def');
    expect(extractBearerToken(headers)).toBeUndefined();
    expect(extractBearerToken(new Headers())).toBeUndefined();
  });

  it('is read from plain headers, once only', () => {
    expect(extractBearerToken({ headers: { authorization: 'Bearer abc' } })).toBe('abc');
    expect(extractBearerToken({ Authorization: 'Bearer abc' })).toBe('abc');
    expect(extractBearerToken({ Authorization: 'Bearer abc', authorization: 'Bearer abc' })).toBeUndefined();
    expect(extractBearerToken({ authorization: ['Bearer abc', 'Bearer def'] })).toBeUndefined();
    expect(extractBearerToken({ authorization: undefined, 'x-authorization': 'Bearer abc' })).toBeUndefined();
    expect(extractBearerToken({ headers: {} })).toBeUndefined();
  });

  it.each(['Node', 'Express'])('is read from a request of %s, unless it came twice', async (kind) => {
    const tell = (request: IncomingMessage, response: ServerResponse) =>
      response.end(`<${extractBearerToken(request) ?? 'none'}>`);
    const server = createServer(kind === 'Node' ? tell : express().use(tell));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = (...lines: string[]) =>
      sendRaw(
        `http://127.0.0.1:${port}`,
        ['GET / HTTP/1.1', 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n'),
      ).then((answer) => answer?.body);
    try {
      expect(await ask('Authorization: Bearer abc')).toContain('<abc>');
      expect(await ask('Authorization: Bearer abc', 'Authorization: Bearer abc')).toContain('<none>');
      expect(await ask()).toContain('<none>');
    } finally {
      server.close();
    }
  });
});
