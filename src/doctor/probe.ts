import { connect } from 'node:tls';
import { randomText } from '../keys/randomness.js';
import { createAsk, codeOf, isAnswer, lookupBy, type Ask, type Outcome, type Question } from './ask.js';
import type { Outside } from './outside.js';

/** What a TLS handshake shows. */
export interface Handshake {
  /** The code of what is wrong with the certificate, or with the connection. */
  readonly fault?: string;
  readonly protocol?: string;
  /** Epoch seconds. */
  readonly expiresAt?: number;
  readonly names?: string;
}

/** Asks each thing once, however many checks look at the answer. */
export interface Probe {
  readonly ask: Ask;
  /** Asks past caches, under a query that nobody has used. */
  readonly askFresh: Ask;
  readonly handshake: (url: URL) => Promise<Handshake>;
  /** Everything that was asked so far. */
  readonly outcomes: () => readonly Outcome[];
  readonly resolve: Outside['resolve'];
}

/** Requests without an answer after which a path, and the whole server, is asked no more: silence must not cost minutes. */
const patience = { path: 2, server: 12 };
const atOnce = 6;

/** As Node's `fetch` does, which most clients are made of. */
const usualHeaders = { 'user-agent': 'node', accept: '*/*' };

/** Makes a probe; `timeout` is in seconds, for each request. */
export function createProbe(outside: Outside, timeout: number): Probe {
  const send = createAsk(outside, timeout, true);
  const known = new Map<string, Promise<Outcome>>();
  const handshakes = new Map<string, Promise<Handshake>>();
  const done: Outcome[] = [];
  const nonce = randomText(outside.randomness, 6);
  const queue = createQueue(atOnce);
  const silences = new Map<string, number>();
  const isSilent = (path: string) =>
    (silences.get(path) ?? 0) >= patience.path ||
    [...silences.values()].reduce((sum, each) => sum + each, 0) >= patience.server;

  async function askOnce(question: Question): Promise<Outcome> {
    return queue(async () => {
      const { pathname } = new URL(question.url);
      if (isSilent(pathname)) return { url: question.url, silence: 'SKIPPED', seconds: 0 };
      const outcome = await send({ ...question, headers: { ...usualHeaders, ...question.headers } });
      if (!isAnswer(outcome) && outcome.silence === 'TIMEOUT') {
        silences.set(pathname, (silences.get(pathname) ?? 0) + 1);
      }
      done.push(outcome);
      return outcome;
    });
  }

  const ask: Ask = (question) => {
    const { url, method = 'GET', headers = {}, body } = question;
    const key = JSON.stringify([method, url, headers, body]);
    const outcome = known.get(key) ?? askOnce(question);
    known.set(key, outcome);
    return outcome;
  };

  return {
    ask,
    askFresh(question) {
      const url = new URL(question.url);
      url.searchParams.set('gatehouse-doctor', nonce);
      return ask({ ...question, url: url.href });
    },
    handshake(url) {
      const found = handshakes.get(url.host) ?? shakeHands(url, outside, timeout);
      handshakes.set(url.host, found);
      return found;
    },
    outcomes: () => done,
    resolve: outside.resolve,
  };
}

function shakeHands(url: URL, { resolve, ca }: Outside, timeout: number): Promise<Handshake> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((settle) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      rejectUnauthorized: false, // What is wrong is to be named, and not only met.
      minVersion: 'TLSv1',
      lookup: lookupBy(resolve),
      ...(ca && { ca }),
    });
    const finish = (handshake: Handshake) => {
      clearTimeout(deadline);
      socket.destroy();
      settle(handshake);
    };
    const deadline = setTimeout(() => finish({ fault: 'TIMEOUT' }), timeout * 1000);
    socket.once('error', (error) => finish({ fault: codeOf(error) }));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate();
      // Node's types say Error, and what is there is often the code alone.
      const fault: unknown = socket.authorizationError;
      finish({
        ...(fault ? { fault: typeof fault === 'string' ? fault : codeOf(fault) } : {}),
        protocol: socket.getProtocol() ?? 'unknown',
        expiresAt: Date.parse(certificate.valid_to) / 1000,
        names: certificate.subjectaltname ?? '',
      });
    });
  });
}

/** Lets so many run at once, and the others wait. */
function createQueue(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= size) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
