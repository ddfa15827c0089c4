import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/clients/client.js';
import { FetchFault } from '../../src/clients/fetch-fault.js';
import type { FetchedDocument, GuardedFetch } from '../../src/clients/guarded-fetch.js';
import { fixedKeys } from '../../src/clients/client-keys.js';
import { createMetadataDocuments, type DocumentPolicy } from '../../src/clients/metadata-documents.js';
import type { LogEntry } from '../../src/telemetry/log.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { memoryStore } from '../../src/storage/memory.js';
import type { Store } from '../../src/storage/store.js';
import { faultyStore, type FaultyStore } from '../faults/faulty-store.js';

const url = 'https://client.example/client.json';
const documentOf = (client_id = url, changes: object = {}) => ({
  client_id,
  client_name: 'A client',
  redirect_uris: ['https://client.example/cb'],
  ...changes,
});

const day = 24 * 3600;
let now: number;
let inner: Store;
let store: FaultyStore;
let log: LogEntry[];
let fetched: string[];
/** What the origin says; by default, the document of whatever URL it is asked for. */
let origin: GuardedFetch;
beforeEach(() => {
  now = 1_800_000_000;
  inner = memoryStore({ clock: () => now });
  store = faultyStore(inner);
  log = [];
  fetched = [];
  origin = (asked) => Promise.resolve(answer(documentOf(asked)));
});

function answer(document: unknown, freshness: Partial<FetchedDocument> = {}): FetchedDocument {
  return { document, freshTtl: 600, mayBeKept: true, ...freshness };
}

/** A process of the server; several share the store. */
function start(policy: Partial<DocumentPolicy> = {}, countFetch?: (asker: string | undefined) => Promise<void>) {
  return createMetadataDocuments(
    { deniedDomains: [], allowLoopback: false, pinned: new Map(), ...policy },
    {
      fetch: (asked, limits) => {
        fetched.push(asked);
        expect(limits).toEqual({ maxBytes: 5120, timeout: 5 });
        return origin(asked, limits);
      },
      ...(countFetch && { countFetch }),
      keysAt: () => fixedKeys([]),
      store,
      clock: () => now,
      randomness: randomBytes,
      log: (entry) => log.push(entry),
    },
  );
}

const fails = (code: string) => () => Promise.reject(new FetchFault(code));
const unavailable = { code: 'temporarily_unavailable', status: 503 };

describe('a client that names itself by a URL', () => {
  it('is what its document says, and its host is verified', async () => {
    const client = await start().find(url);
    expect(client).toMatchObject({
      clientId: url,
      authenticationMethod: 'none',
      verifiedHost: 'client.example',
      metadata: { client_name: 'A client', redirect_uris: ['https://client.example/cb'] },
    });
    for (const secret of ['', 'a', url]) expect(client?.secretMatches(secret)).toBe(false);
  });

  it('authenticates as its document says', async () => {
    const declared = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://client.example/jwks' };
    origin = (asked) => Promise.resolve(answer(documentOf(asked, declared)));
    expect(await start().find(url)).toMatchObject({ authenticationMethod: 'private_key_jwt', metadata: declared });
  });

  it('is nobody, and nobody is asked, when the URL is none of a client', async () => {
    for (const id of [
      'https://client.example',
      'http://client.example/c',
      'https://127.0.0.1/c',
      `${url}#`,
      `${url}\n`,
    ]) {
      const documents = start();
      expect(documents.covers(id)).toBe(true);
      expect(await documents.find(id)).toBeUndefined();
    }
    expect(fetched).toEqual([]);
    expect(store.operations).toEqual([]);
  });

  it.each(['', 'k1.abc.def', 'ftp://client.example/c', 'client.example', 'HTTPS://client.example/c'])(
    'is not covered as %j',
    (id) => {
      expect(start().covers(id)).toBe(false);
    },
  );
});

describe('which documents are read', () => {
  const isFound = async (policy: Partial<DocumentPolicy>, id: string) => (await start(policy).find(id)) !== undefined;

  it.each([
    ['https://client.example/c', true],
    ['https://a.client.example/c', true],
    ['https://notclient.example/c', false],
    ['https://client.example.evil.example/c', false],
    ['https://example/c', false],
  ])('only those of allowed domains: %s is %s', async (id, found) => {
    expect(await isFound({ allowedDomains: ['client.example'] }, id)).toBe(found);
    expect(fetched).toHaveLength(found ? 1 : 0);
  });

  it('none of denied domains, also where one above is allowed', async () => {
    const policy = { allowedDomains: ['client.example'], deniedDomains: ['bad.client.example'] };
    expect(await isFound(policy, 'https://bad.client.example/c')).toBe(false);
    expect(await isFound(policy, 'https://very.bad.client.example/c')).toBe(false);
    expect(await isFound(policy, 'https://good.client.example/c')).toBe(true);
  });

  it('those of this computer only in development, and unverified', async () => {
    const local = 'http://localhost:3000/client';
    expect(await isFound({}, local)).toBe(false);
    const client = await start({ allowLoopback: true }).find(local);
    expect(client?.clientId).toBe(local);
    expect(client).not.toHaveProperty('verifiedHost');
  });

  it('pinned ones never: they are as they stand in the configuration', async () => {
    const pinned = new Map([[url, documentOf(url, { client_name: 'Pinned' })]]);
    const documents = start({ pinned, deniedDomains: ['client.example'] });
    expect(await documents.find(url)).toMatchObject({ metadata: { client_name: 'Pinned' } });
    expect(fetched).toEqual([]);
    expect(store.operations).toEqual([]);
  });
});

describe('a document that is fresh', () => {
  /** Seconds after which it is fetched again. */
  async function secondsUntilFetched(freshness: Partial<FetchedDocument>): Promise<number> {
    origin = (asked) => Promise.resolve(answer(documentOf(asked), freshness));
    const documents = start();
    await documents.find(url);
    let low = 0;
    let high = 2 * day;
    const startedAt = now;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      now = startedAt + middle;
      fetched = [];
      const fresh = createProbe(documents);
      if (await fresh()) low = middle;
      else high = middle;
    }
    return high;

    /** Tells whether it is still served without a fetch; a fetch fails here, so that it changes nothing. */
    function createProbe(of: typeof documents) {
      return async () => {
        origin = fails('BUSY');
        await of.find(url).catch(() => undefined);
        return fetched.length === 0;
      };
    }
  }

  it.each<[Partial<FetchedDocument>, number]>([
    [{ freshTtl: 600 }, 600],
    [{ freshTtl: 0 }, 60],
    [{ freshTtl: 59 }, 60],
    [{ freshTtl: 365 * day }, day],
    [{ freshTtl: undefined }, 3600],
    [{ freshTtl: 0, mayBeKept: false }, 60],
  ])('with %o, is not asked for again for %d seconds', async (freshness, seconds) => {
    expect(await secondsUntilFetched(freshness)).toBe(seconds);
  });

  it('serves other processes, and this one after a restart', async () => {
    await start().find(url);
    await start().find(url);
    now += 599;
    await start().find(url);
    expect(fetched).toHaveLength(1);
    now += 1;
    await start().find(url);
    await start().find(url);
    expect(fetched).toHaveLength(2);
  });

  it('stays in this process when it must not be stored', async () => {
    origin = (asked) => Promise.resolve(answer(documentOf(asked), { freshTtl: 0, mayBeKept: false }));
    const documents = start();
    await documents.find(url);
    await documents.find(url);
    expect(fetched).toHaveLength(1);
    expect(store.operations).toEqual(['get document']);
    await start().find(url);
    expect(fetched).toHaveLength(2);
  });

  it('is fetched again when the clock was put back behind its time', async () => {
    const documents = start();
    await documents.find(url);
    now -= 3600;
    await documents.find(url);
    expect(fetched).toHaveLength(2);
  });

  it('is replaced by what the origin says later', async () => {
    const documents = start();
    await documents.find(url);
    origin = (asked) => Promise.resolve(answer(documentOf(asked, { redirect_uris: ['https://client.example/new'] })));
    now += 600;
    const { metadata } = (await documents.find(url)) as Client;
    expect(metadata.redirect_uris).toEqual(['https://client.example/new']);
    expect((await start().find(url))?.metadata.redirect_uris).toEqual(['https://client.example/new']);
  });
});

describe('a client that has only to be named', () => {
  it('is recalled from what was read before, by this process or another one, however old, and nobody is asked', async () => {
    const name = async (documents: ReturnType<typeof start>, id = url) =>
      (await documents.recall(id))?.metadata.client_name;
    const documents = start();
    expect(await name(documents)).toBeUndefined();
    expect(fetched).toEqual([]);
    await documents.find(url);
    expect(await name(start())).toBe('A client');
    now += 30 * day;
    expect(await name(documents)).toBe('A client');
    const pinned = start({ pinned: new Map([[url, documentOf(url, { client_name: 'Pinned' })]]) });
    expect(await name(pinned)).toBe('Pinned');
    expect(fetched).toEqual([url]);
  });
});

describe('while the origin fails', () => {
  it.each([
    'STATUS_403',
    'STATUS_404',
    'STATUS_503',
    'TIMEOUT',
    'NOT_RESOLVED',
    'NOT_JSON',
    'BUSY',
    'FORBIDDEN_ADDRESS',
  ])('the kept copy serves, for a week beyond its freshness (%s)', async (code) => {
    const documents = start();
    await documents.find(url);
    origin = fails(code);
    now += 600 + 7 * day - 1;
    expect(await documents.find(url)).toMatchObject({ clientId: url });
    expect(await start().find(url)).toMatchObject({ clientId: url });
    const entry = {
      level: 'warn',
      event: 'metadata document kept',
      description: `The document could not be fetched (${code}).`,
    };
    expect(log).toEqual(code === 'BUSY' ? [] : [entry, entry]);
    expect(JSON.stringify(log)).not.toContain('client.example');
    now += 1;
    if (code === 'FORBIDDEN_ADDRESS') expect(await start().find(url)).toBeUndefined();
    else await expect(start().find(url)).rejects.toMatchObject(unavailable);
  });

  it('no copy serves that must not be stored', async () => {
    origin = (asked) => Promise.resolve(answer(documentOf(asked), { freshTtl: 0, mayBeKept: false }));
    const documents = start();
    await documents.find(url);
    origin = fails('STATUS_503');
    now += 60;
    await expect(documents.find(url)).rejects.toMatchObject(unavailable);
  });

  it('nobody is told that the client is unknown', async () => {
    origin = fails('STATUS_403');
    await expect(start().find(url)).rejects.toMatchObject({ ...unavailable, cause: { code: 'STATUS_403' } });
  });

  it('it is left alone for a minute', async () => {
    origin = fails('TIMEOUT');
    const documents = start();
    for (let i = 0; i < 50; i++) {
      await expect(documents.find(url)).rejects.toMatchObject(unavailable);
      now += 1;
    }
    expect(fetched).toHaveLength(1);
    now += 10;
    origin = (asked) => Promise.resolve(answer(documentOf(asked)));
    expect(await documents.find(url)).toBeDefined();
    expect(fetched).toHaveLength(2);
  });

  it('it is left alone for a minute also where a copy serves', async () => {
    const documents = start();
    await documents.find(url);
    origin = fails('TIMEOUT');
    now += 600;
    for (let i = 0; i < 50; i++) await documents.find(url);
    expect(fetched).toHaveLength(2);
    expect(log).toHaveLength(1);
    now += 60;
    await documents.find(url);
    expect(fetched).toHaveLength(3);
  });

  it('a server that is busy itself holds nothing against the document', async () => {
    origin = fails('BUSY');
    const documents = start();
    await expect(documents.find(url)).rejects.toMatchObject({ ...unavailable, cause: { isBusy: true } });
    origin = (asked) => Promise.resolve(answer(documentOf(asked)));
    expect(await documents.find(url)).toBeDefined();
  });
});

it('takes what another process fetched, when the origin fails for this one', async () => {
  const [here, elsewhere] = [start(), start()];
  await here.find(url);
  now += 600;
  await elsewhere.find(url);
  origin = fails('STATUS_403');
  expect(await here.find(url)).toBeDefined();
  expect(fetched).toHaveLength(2);
});

describe('a document that is not acceptable', () => {
  const bad = { ...documentOf(), client_secret: 'a' };

  it('makes no client, and is not asked for again for a minute', async () => {
    origin = () => Promise.resolve(answer(bad));
    const documents = start();
    for (let i = 0; i < 50; i++) expect(await documents.find(url)).toBeUndefined();
    expect(fetched).toHaveLength(1);
    expect(log).toEqual([expect.objectContaining({ level: 'info', event: 'metadata document refused' })]);
    now += 60;
    origin = () => Promise.resolve(answer(documentOf()));
    expect(await documents.find(url)).toBeDefined();
  });

  it('is not stored', async () => {
    origin = () => Promise.resolve(answer(bad));
    await start().find(url);
    expect(store.operations).toEqual(['get document', 'delete document']);
  });

  it('is its owner’s word: the copy of an earlier one is gone', async () => {
    const documents = start();
    await documents.find(url);
    origin = () => Promise.resolve(answer(bad));
    now += 600;
    expect(await documents.find(url)).toBeUndefined();
    origin = fails('STATUS_503');
    now += 60;
    await expect(documents.find(url)).rejects.toMatchObject(unavailable);
    await expect(start().find(url)).rejects.toMatchObject(unavailable);
  });
});

describe('a store that fails', () => {
  it.each(['throw before', 'throw after', 'nothing'] as const)('keeps nobody out (%s)', async (fault) => {
    store.failAlways(fault);
    const documents = start();
    expect(await documents.find(url)).toBeDefined();
    now += 600;
    expect(await documents.find(url)).toBeDefined();
    origin = fails('STATUS_503');
    now += 600;
    expect(await documents.find(url)).toBeDefined();
  });

  it.each(['', 'null', '{', '[]', '{"document":{}}', '{"fetchedAt":"1","freshTtl":1,"usableTtl":1}', '"text"'])(
    'is not believed when it holds %j',
    async (value) => {
      await start().find(url);
      await spoil(value);
      expect(await start().find(url)).toBeDefined();
      expect(fetched).toHaveLength(2);
    },
  );

  it('is not believed when it holds the document of another client', async () => {
    await start().find(url);
    const document = documentOf('https://evil.example/client.json');
    await spoil(JSON.stringify({ document, fetchedAt: now, freshTtl: 600, usableTtl: 600 }));
    expect(await start().find(url)).toMatchObject({ clientId: url });
    expect(fetched).toHaveLength(2);
  });

  async function spoil(value: string) {
    const [record] = await inner.list('metadata-document');
    await inner.set({ partition: 'metadata-document', id: record?.id ?? '' }, value, {
      version: 'v',
      expiresAt: 'never',
    });
  }
});

describe('many strangers', () => {
  it('who ask for one document at once cause one fetch', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    origin = async (asked) => {
      await released;
      return answer(documentOf(asked));
    };
    const documents = start();
    const asking = Array.from({ length: 200 }, () => documents.find(url));
    release();
    const clients = await Promise.all(asking);
    expect(new Set(clients).size).toBe(1);
    expect(fetched).toHaveLength(1);
    expect(store.operations).toEqual(['get document', 'set document']);
  });

  it('who ask for a failing document at once cause one fetch', async () => {
    origin = fails('TIMEOUT');
    const documents = start();
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => documents.find(url)));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(fetched).toHaveLength(1);
  });

  it('who make up ever new documents have few of them written, each for a limited time', async () => {
    const documents = start();
    for (let i = 0; i < 1000; i++) await documents.find(`https://evil.example/${i}`);
    expect(store.operations.filter((operation) => operation === 'set document')).toHaveLength(60);
    now += 600;
    for (let i = 0; i < 1000; i++) await documents.find(`https://evil.example/new${i}`);
    expect(store.operations.filter((operation) => operation === 'set document')).toHaveLength(120);
    now += 9 * day;
    expect(await inner.list('metadata-document', { limit: 1000 })).toEqual([]);
  });

  it('do not push out of memory what is in use', async () => {
    store.failAlways('throw before');
    const documents = start();
    await documents.find(url);
    for (let i = 0; i < 2000; i++) {
      await documents.find(`https://evil.example/${i}`);
      if (i % 100 === 0) await documents.find(url);
    }
    await documents.find(url);
    expect(fetched.filter((asked) => asked === url)).toHaveLength(1);
    await documents.find('https://evil.example/0');
    expect(fetched.filter((asked) => asked === 'https://evil.example/0')).toHaveLength(2);
  });

  it('who ask too much are refused, and nobody who asks for the same at the same moment', async () => {
    const decided: (() => void)[] = [];
    const documents = start({}, async (asker) => {
      if (asker !== 'greedy') return;
      await new Promise<void>((resolve) => decided.push(resolve));
      throw new AuthError('too_many_requests', 'Too many.');
    });
    const greedy = documents.find(url, 'greedy');
    await expect.poll(() => decided).toHaveLength(1);
    const others = ['honest', 'another', undefined].map((asker) => documents.find(url, asker));
    decided[0]?.();
    await expect(greedy).rejects.toMatchObject({ code: 'too_many_requests' });
    for (const client of await Promise.all(others)) expect(client?.clientId).toBe(url);
    expect(fetched).toEqual([url]);
  });

  it('who ask too much get a copy that is no longer fresh, where there is one', async () => {
    const documents = start({}, (asker) =>
      asker === 'greedy' ? Promise.reject(new AuthError('too_many_requests', 'Too many.')) : Promise.resolve(),
    );
    await documents.find(url);
    now += day;
    expect((await documents.find(url, 'greedy'))?.clientId).toBe(url);
    expect(fetched).toEqual([url]);
  });
});
