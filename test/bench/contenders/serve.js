import { createServer } from 'node:http';
import process from 'node:process';

/**
 * What the benchmark tells the process that it measures. Contenders are plain JavaScript, so that nothing is compiled,
 * wrapped or watched where time is measured.
 *
 * @typedef {object} ContenderSettings
 * @property {number} port Where to listen, on 127.0.0.1.
 * @property {string} issuer The URL of that.
 * @property {string} [store] Where the contender keeps its state, if it can be told.
 * @property {{ issuer: string, clientId: string, clientSecret: string }} upstream The OpenID provider to sign in through.
 * @property {Record<string, string>} [options] What one contender alone understands.
 */

/** @type {ContenderSettings} */
export const settings = JSON.parse(process.argv[2] ?? '{}');

/** Where the provider sends browsers back to: the provider of the benchmark takes any path. */
export const callbackUrl = `${settings.issuer}/oauth/callback`;

/** Listens, and says so. */
export function serve(listener) {
  const server = createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.listen(settings.port, '127.0.0.1', tellReady);
}

/** Says that the contender listens, and answers what its process has used so far: microseconds of CPU time, bytes. */
export function tellReady() {
  // It does not outlive the benchmark.
  process.on('disconnect', () => process.exit());
  process.on('message', (question) => {
    if (question === 'collect') globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    process.send({ cpu: user + system, rss, heapUsed });
  });
  // Whoever measures it has gone.
  process.on('disconnect', () => process.exit());
  process.send({ ready: true });
}

/** What a bare server, and every protected resource, answers. */
export const smallDocument = '{"access_token":"…","token_type":"Bearer"}';
