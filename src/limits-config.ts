import { z } from 'zod';
import { isProxyRange } from './http/client-address.js';
import type { LimitName } from './http/rate-limits.js';
import type { Quota } from './storage/counter.js';
import type { PostgresPool } from './storage/postgres.js';
import type { RedisClient } from './storage/redis-client.js';

/** Where limits may be counted. */
export type CountingPlace = 'memory' | RedisClient | PostgresPool;

const quota = z.strictObject(
  {
    requests: z.int({ error: 'has to be a whole number' }).min(1).max(1_000_000_000),
    seconds: z.int({ error: 'has to be a whole number of seconds' }).min(1).max(86_400),
  },
  { error: 'has to be false, or { requests, seconds }' },
);

/** In a minute, of one address or client. The option's docstring says why so many. */
const perMinute: Readonly<Record<LimitName, number>> = {
  registration: 600,
  authorization: 1200,
  token: 6000,
  introspection: 30_000,
  revocation: 1200,
  metadataDocuments: 60,
  admin: 120,
};

const limitNames = Object.keys(perMinute) as LimitName[];

const limit = (name: LimitName) =>
  z
    .union([z.literal(false), quota], { error: 'has to be false, or { requests, seconds }, in whole numbers' })
    .default({ requests: perMinute[name], seconds: 60 });

/** The verbs of the clients that are known. */
const isClient = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  ['call', 'sendCommand', 'query'].some((verb) => typeof (value as Record<string, unknown>)[verb] === 'function');

/** The option `rateLimits`. */
export const rateLimits = z.preprocess(
  (option = {}) => (option === false ? Object.fromEntries(limitNames.map((name) => [name, false])) : option),
  z.strictObject(
    {
      registration: limit('registration'),
      authorization: limit('authorization'),
      token: limit('token'),
      introspection: limit('introspection'),
      revocation: limit('revocation'),
      metadataDocuments: limit('metadataDocuments'),
      admin: limit('admin'),
      store: z
        .custom<CountingPlace>((value) => value === 'memory' || isClient(value), {
          error: 'has to be memory, a client of ioredis or redis, or a Pool of pg',
        })
        .optional(),
    } satisfies Record<LimitName | 'store', z.ZodType>,
    { error: 'has to be false, or an object with limits by their names' },
  ),
);

/** The option `trustedProxies`. */
export const trustedProxies = z
  .array(
    z.string().refine(isProxyRange, {
      error: 'has to be loopback, private, an address, or a range such as 10.0.0.0/8; not everybody',
    }),
    { error: 'has to be a list of addresses and ranges' },
  )
  .default([]);

/** The limits that are on. */
export function quotasOf(limits: Readonly<Record<LimitName, Quota | false>>): [LimitName, Quota][] {
  return limitNames.flatMap((name): [LimitName, Quota][] => {
    const found = limits[name];
    return found ? [[name, found]] : [];
  });
}
