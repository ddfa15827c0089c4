import { memoryStore as memory } from './storage/memory.js';
import { sqliteStore as sqlite, type SqliteStoreOptions as SqliteOptions } from './storage/sqlite.js';
import {
  postgresStore as postgres,
  type PostgresStore,
  type PostgresStoreOptions as PostgresOptions,
} from './storage/postgres.js';
import { redisStore as redis, type RedisStoreOptions as RedisOptions } from './storage/redis.js';
import { sqlStore as sql, type SqlStoreOptions as SqlOptions } from './storage/sql.js';
import type { Clock } from './storage/clock.js';
import type { Store } from './storage/store.js';
import { systemClock } from './system.js';

/** Settings of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Tells the time in epoch seconds. @defaultValue the system's clock */
  readonly clock?: Clock | undefined;
}

/** Settings of {@link sqliteStore}: a path, or an open handle of `libsql` or `better-sqlite3`. */
export type SqliteStoreOptions = WithOptionalClock<SqliteOptions>;

/** Settings of {@link redisStore}: a client of `ioredis` or `redis`. */
export type RedisStoreOptions = WithOptionalClock<RedisOptions>;

/** Settings of {@link postgresStore}: a `Pool` of `pg`. */
export type PostgresStoreOptions = WithOptionalClock<PostgresOptions>;

/** Settings of {@link sqlStore}: a function that runs SQL. */
export type SqlStoreOptions = WithOptionalClock<SqlOptions>;

type WithOptionalClock<T> = T extends { clock: Clock } ? Omit<T, 'clock'> & MemoryStoreOptions : never;

/** Keeps records in the memory of this process: for tests and trials, since a restart signs everybody out. */
export function memoryStore({ clock = systemClock }: MemoryStoreOptions = {}): Store {
  return memory({ clock });
}

/**
 * Keeps records in one SQLite file, which the processes of one machine may share. What was acknowledged is on disk.
 *
 * @throws {Error} when the file cannot be opened, or was written by a newer version of this package
 */
export function sqliteStore({ clock = systemClock, ...location }: SqliteStoreOptions): Store {
  return sqlite({ ...location, clock });
}

/**
 * Keeps records in Redis 6.2 or later, or Valkey: one server, Sentinel, or Cluster. Every verb is one round trip.
 *
 * @throws {Error} when the client is neither one of `ioredis` nor one of `redis`, or reads from replicas
 */
export function redisStore({ clock = systemClock, ...options }: RedisStoreOptions): Store {
  return redis({ ...options, clock });
}

/**
 * Keeps records in one table of PostgreSQL 12 or later. Every verb is one statement, hence one round trip.
 *
 * @throws {Error} when schema or table are no plain names
 */
export function postgresStore({ clock = systemClock, ...options }: PostgresStoreOptions): PostgresStore {
  return postgres({ ...options, clock });
}

/**
 * Keeps records in one table, through whatever runs SQL: a driver, a query builder, an ORM. Every verb is one statement.
 *
 * @throws {Error} when the name of the table is none
 */
export function sqlStore({ clock = systemClock, ...options }: SqlStoreOptions): Store {
  return sql({ ...options, clock });
}
