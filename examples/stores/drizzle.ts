import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { postgresStore, type Clock, type PostgresStore } from 'mcp-gatehouse';
import type { Pool } from 'pg';

/** Keeps the records where an application keeps its own, through the pool of its Drizzle (PostgreSQL). */
export function drizzleStore(db: NodePgDatabase & { $client: Pool }, clock?: Clock): PostgresStore {
  return postgresStore({ pool: db.$client, clock });
}
