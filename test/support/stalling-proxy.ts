import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/** Stands between a client and a server, and can hold back what the client sends. */
export interface StallingProxy {
  /** The URL of the server, through the proxy. */
  readonly url: string;
  /** From now on nothing reaches the server; the client does not notice. */
  stall(): void;
  /** Lets through what was held back, and everything after it. */
  release(): void;
  /** From now on no answer reaches the client, until the connections end. */
  loseAnswers(): void;
  /** Ends all connections at once; new ones are welcome. */
  drop(): void;
  /** Ends all connections, and takes no new ones. */
  close(): Promise<void>;
}

/** Starts a proxy before the server of a URL. */
export async function startStallingProxy(url: string, defaultPort: number): Promise<StallingProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isStalled = false;
  let isMute = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port) || defaultPort, target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => (sockets.delete(from), to.destroy()));
    }
    upstream.on('data', (data) => isMute || client.write(data));
    client.on('data', (data) => {
      if (isStalled) held.push(() => upstream.write(data));
      else upstream.write(data);
    });
  });
  let held: (() => void)[] = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as AddressInfo).port);

  function drop(): void {
    isMute = false;
    for (const socket of sockets) socket.destroy();
  }

  return {
    url: through.href,
    stall: () => (isStalled = true),
    release() {
      isStalled = false;
      for (const pass of held) pass();
      held = [];
    },
    loseAnswers: () => (isMute = true),
    drop,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      drop();
      await closed;
    },
  };
}
