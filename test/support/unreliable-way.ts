import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The way of one machine to its store, on which things happen. */
export interface UnreliableWay {
  /** The URL of the store, by this way. */
  readonly url: string;
  /** Ends all connections, and takes no new ones: the store is stopped. */
  shut(): void;
  /** Holds back what is asked; it arrives when the way is open again, however late. */
  hold(): void;
  /** Lets through what is asked, and loses the answers; the connections end when the way is open again. */
  loseAnswers(): void;
  /** Lets everything through, later. */
  delay(milliseconds: number): void;
  /** Ends all connections once. */
  cut(): void;
  /** From now on nothing happens any more. */
  open(): void;
  close(): Promise<void>;
}

/** Makes a way to the server of a URL. */
export async function startUnreliableWay(location: string, defaultPort: number): Promise<UnreliableWay> {
  const target = new URL(location);
  const sockets = new Set<Socket>();
  let mode: 'open' | 'shut' | 'hold' | 'mute' | 'slow' = 'open';
  let lag = 0;
  let opened: Promise<void> = Promise.resolve();
  let release = (): void => undefined;

  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (mode === 'shut') return void client.resetAndDestroy();
    const store = connect(Number(target.port) || defaultPort, target.hostname);
    for (const [from, to] of [
      [client, store],
      [store, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      let order: Promise<unknown> = Promise.resolve();
      from.on('data', (data) => {
        const [isHeld, isLost, wait] = [mode === 'hold' && from === client, mode === 'mute' && from === store, lag];
        if (isLost) return;
        const [until, pause] = [isHeld ? opened : undefined, mode === 'slow' ? wait : 0];
        order = order
          .then(() => until)
          .then(() => pause > 0 && new Promise((resolve) => setTimeout(resolve, pause)))
          .then(() => to.destroyed || to.write(data));
      });
      from.on('close', () => {
        sockets.delete(from);
        // What was sent before the end still arrives: a client that gave up does not take back what it asked.
        if (from === client) void order.then(() => to.end());
        else to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(location);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const become = (next: typeof mode) => {
    if (mode === 'hold') release();
    if (mode === 'mute') cut();
    mode = next;
    if (next === 'hold') opened = new Promise((resolve) => (release = resolve));
    if (next === 'shut') cut();
  };
  return {
    url: url.href,
    cut,
    shut: () => become('shut'),
    hold: () => become('hold'),
    loseAnswers: () => become('mute'),
    delay(milliseconds) {
      lag = milliseconds;
      become('slow');
    },
    open: () => become('open'),
    async close() {
      become('shut');
      server.close();
      await once(server, 'close');
    },
  };
}
