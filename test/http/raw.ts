import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers keep all their values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  /** What became of the connection: a client that is still sending may never come to read what precedes a reset. */
  readonly connection: 'open' | 'ended' | 'reset';
}

/** Writes bytes to a server that no HTTP client would send, and reads one answer; null is no answer at all. */
export function sendRaw(issuer: string, ...parts: readonly (string | Uint8Array)[]): Promise<RawAnswer | null> {
  const { hostname, port } = new URL(issuer);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const received: Buffer[] = [];
    const text = () => Buffer.concat(received).toString('utf8');
    const finish = (connection: RawAnswer['connection']) => {
      socket.destroy();
      resolve(parseAnswer(text(), connection));
    };
    // A server that keeps the connection open has to have said how long the answer is.
    socket.on('data', (chunk) => {
      received.push(chunk);
      const answer = parseAnswer(text(), 'open');
      const length = Number(answer?.headers.get('content-length')?.[0] ?? NaN);
      const keepsOpen = answer?.headers.get('connection')?.[0] !== 'close';
      if (answer && keepsOpen && Buffer.byteLength(answer.body) >= length) finish('open');
    });
    socket.on('error', () => finish('reset'));
    socket.on('end', () => finish('ended'));
    socket.on('close', () => finish('ended'));
    for (const part of parts) socket.write(part);
  });
}

function parseAnswer(text: string, connection: RawAnswer['connection']): RawAnswer | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4), connection };
}

/** The text of a request with exactly these header lines. */
export function requestText(method: string, target: string, headerLines: readonly string[], body = ''): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: gatehouse.test', ...headerLines, '', body].join('\r\n');
}
