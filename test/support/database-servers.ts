import { connect } from 'node:net';
import { once } from 'node:events';

/** The Redis that the tests use; of their own there they have only keys with a random prefix. */
export const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** The PostgreSQL that the tests use; of their own there they have only a schema with a random name. */
export const postgresUrl = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** Whether the tests that need Redis cannot run; in CI they run, and fail, all the same. */
export const isWithoutRedis = await isMissing('Redis', redisUrl, 6379);

/** Whether the tests that need PostgreSQL cannot run; in CI they run, and fail, all the same. */
export const isWithoutPostgres = await isMissing('PostgreSQL', postgresUrl, 5432);

async function isMissing(name: string, url: string, defaultPort: number): Promise<boolean> {
  if (process.env['CI'] === 'true') return false;
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port) || defaultPort, hostname.replace(/^\[|\]$/g, ''));
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    console.warn(`SKIPPED: nothing was tried with ${name}, since none answers at ${hostname}:${port || defaultPort}.`);
    return true;
  } finally {
    socket.destroy();
  }
}
