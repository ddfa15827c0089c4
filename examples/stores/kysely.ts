import { CompiledQuery, type Kysely } from 'kysely';
import { sqlStore, type Clock, type Store } from 'mcp-gatehouse';

/** Keeps the records where an application keeps its own, through its Kysely (PostgreSQL). */
export function kyselyStore<Schema>(db: Kysely<Schema>, clock?: Clock): Store {
  return sqlStore({
    dialect: 'postgres',
    clock,
    query: async (text, values) => (await db.executeQuery(CompiledQuery.raw(text, values))).rows,
  });
}
