import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** What a database server has used so far of its processors. */
export interface DatabaseCpu {
  /** Microseconds; not a number where it cannot be known. */
  used(): Promise<number>;
  close(): Promise<void>;
}

/** Watches the server of a store; PostgreSQL has to be on this machine, and this machine to be Linux. */
export async function watchDatabase(location: string): Promise<DatabaseCpu> {
  return location.startsWith('redis') ? watchRedis(location) : watchPostgres(location);
}

function watchRedis(location: string): DatabaseCpu {
  const client = new Redis(location);
  return {
    async used() {
      const text = await client.info('cpu');
      const seconds = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]);
      return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
    },
    async close() {
      await client.quit();
    },
  };
}

/** The processes that serve this store, and those that write to disk for all: whoever else is served is left out. */
async function watchPostgres(location: string): Promise<DatabaseCpu> {
  const url = new URL(location);
  const name = url.searchParams.get('application_name');
  url.searchParams.set('application_name', 'benchmark');
  const client = new Client({ connectionString: url.href });
  await client.connect();
  const earlier = new Map<number, number>();
  let ended = 0;
  return {
    async used() {
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = $1 OR backend_type <> 'client backend'`,
        [name],
      );
      const now = new Map(rows.map(({ pid }) => [pid, microsecondsOf(pid)]));
      // What ended meanwhile has used at least what was seen last.
      for (const [pid, used] of earlier) if (!now.has(pid)) ended += used;
      earlier.clear();
      for (const [pid, used] of now) earlier.set(pid, used);
      return ended + [...now.values()].reduce((sum, used) => sum + used, 0);
    },
    close: () => client.end(),
  };
}

/** From the scheduler, which counts nanoseconds: `/proc/PID/stat` counts hundredths of a second. */
function microsecondsOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return NaN;
  }
}
