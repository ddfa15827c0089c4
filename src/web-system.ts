import type { Log } from './telemetry/log.js';
import type { WebFetch } from './resource/ask-issuer.js';
import type { Clock } from './storage/clock.js';

/** The system's clock. */
export const systemClock: Clock = () => Date.now() / 1000;

/** Writes warnings and errors as lines of JSON where the runtime shows errors. */
export const consoleLog: Log = (entry) => {
  const { level, ...rest } = entry;
  const line = { level, time: new Date().toISOString(), name: 'mcp-gatehouse', ...rest };
  if (level !== 'info') console.error(JSON.stringify(line));
};

/** The runtime's own `fetch`, as it is when it is called. */
export const webFetch: WebFetch = (url, init) => fetch(url, init);

/** A new random name for a request, which its log line carries. */
export function newWebRequestId(): string {
  return crypto.randomUUID();
}
