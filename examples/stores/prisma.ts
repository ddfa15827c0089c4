import { sqlStore, type Clock, type Store } from 'mcp-gatehouse';

/** What every generated `PrismaClient` can do. */
interface RawQueries {
  $queryRawUnsafe<Rows>(text: string, ...values: unknown[]): PromiseLike<Rows>;
}

/** Keeps the records where an application keeps its own, through its Prisma (PostgreSQL). */
export function prismaStore(prisma: RawQueries, clock?: Clock): Store {
  return sqlStore({
    dialect: 'postgres',
    clock,
    // Values are bound, not written into the text: the name of the method warns of what is not done here.
    query: async (text, values) => prisma.$queryRawUnsafe<unknown[]>(text, ...values),
  });
}
