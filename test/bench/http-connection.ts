import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back. */
export interface Reply {
  readonly status: number;
  /** The first header of that name, in lower case. */
  header(name: string): string | undefined;
  /** The values of all `Set-Cookie` headers. */
  cookies(): string[];
  readonly body: string;
}

/** What is sent. */
export interface Sent {
  readonly method: 'GET' | 'POST';
  /** The path and the query. */
  readonly path: string;
  /** The `Accept` header. @defaultValue anything */
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * A kept connection that carries one request at a time: HTTP/1.1 with hardly any code, so that the load costs less than
 * what it measures. It understands what servers of this benchmark send, and no more.
 */
export class HttpConnection {
  readonly #host: string;
  #socket: Socket | undefined;
  #received = '';
  #settle: { resolve(reply: Reply): void; reject(cause: Error): void } | undefined;

  constructor(readonly port: number) {
    this.#host = `127.0.0.1:${port}`;
  }

  /** @throws {Error} when the connection ends before the answer does */
  async send({ method, path, accept = '*/*', headers = {}, body }: Sent): Promise<Reply> {
    const socket = await this.#connected();
    let head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAccept: ${accept}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name] ?? ''}\r\n`;
    if (body !== undefined) head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      socket.write(`${head}\r\n${body ?? ''}`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    const socket = connect(this.port, '127.0.0.1').setNoDelay(true);
    this.#socket = socket;
    await once(socket, 'connect');
    // One character per byte until the body is whole.
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#settle?.reject(new Error(`The connection to port ${this.port} ended.`)));
    return socket;
  }

  #read(chunk: string): void {
    this.#received += chunk;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    const found = bodyOf(head, this.#received.slice(end + 4));
    if (found === undefined) return;
    this.#received = '';
    const settle = this.#settle;
    this.#settle = undefined;
    const lines = head.split('\r\n');
    const values = (name: string) =>
      lines
        .filter((line) => line.toLowerCase().startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trim());
    settle?.resolve({
      status: Number(head.slice(9, 12)),
      header: (name) => values(name)[0],
      cookies: () => values('set-cookie'),
      get body() {
        return Buffer.from(found, 'latin1').toString();
      },
    });
  }
}

/** The body, once all of it has come. */
function bodyOf(head: string, rest: string): string | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return rest.length >= Number(length) ? rest : undefined;
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return rest;
  if (!rest.endsWith('0\r\n\r\n')) return undefined;
  let body = '';
  for (let at = 0; ;) {
    const end = rest.indexOf('\r\n', at);
    const size = parseInt(rest.slice(at, end), 16);
    if (size === 0) return body;
    body += rest.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}
