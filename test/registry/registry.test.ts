import { randomBytes } from 'node:crypto';
import { memoryStore, type LogEntry, type Store } from 'mcp-gatehouse';
import { describe, expect, it, vi } from 'vitest';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';
import { createRegistryRecord } from '../../src/registry/registry-record.js';
import { createRegistry } from '../../src/registry/registry.js';
import { faultyStore } from '../faults/faulty-store.js';

const secrets = ['a secret of this installation, long', 'another secret of this installation'] as const;

function scene() {
  const time = { now: 1_700_000_000 };
  const clock = () => time.now;
  const store = faultyStore(memoryStore({ clock }));
  const log: LogEntry[] = [];
  const instance = (on: Store = store, ring: readonly [string, ...string[]] = [secrets[0]]) => {
    const sealing = createSealing(createKeyRing(ring, 'https://auth.example'), randomBytes);
    return createRegistry(createRegistryRecord(on, sealing, randomBytes), clock, (entry) => log.push(entry));
  };
  return { time, store, log, instance };
}

type Registry = ReturnType<ReturnType<typeof scene>['instance']>;
const block = (registry: Registry, host: string) =>
  registry.change((document) => ({
    next: { ...document, blocks: [...document.blocks, { host, addedAt: 0 }] },
    result: undefined,
  }));
const hosts = (registry: Registry) => registry.seen()?.blocks.map((each) => ('host' in each ? each.host : ''));

describe('the registry', () => {
  it('is known at once where it was changed, and elsewhere within five seconds', async () => {
    const { time, instance } = scene();
    const [one, other] = [instance(), instance()];
    await other.refresh();
    await block(one, 'a.example');
    expect(hosts(one)).toEqual(['a.example']);
    expect(hosts(other)).toEqual([]);
    time.now += 5;
    await other.refresh();
    expect(hosts(other)).toEqual(['a.example']);
  });

  it('is read once in two seconds, however many ask, and behind their backs', async () => {
    const { time, store, instance } = scene();
    const registry = instance();
    const reads = () => store.operations.filter((each) => each === 'get document').length;
    await Promise.all(Array.from({ length: 50 }, () => registry.refresh()));
    expect(reads()).toBe(1);
    for (let i = 0; i < 50; i += 1) await registry.refresh();
    expect(reads()).toBe(1);
    time.now += 2;
    await Promise.all(Array.from({ length: 50 }, () => registry.refresh()));
    expect(reads()).toBe(2);
  });

  it('loses no change when many are made at once, at several instances', async () => {
    const { instance } = scene();
    const [one, other] = [instance(), instance()];
    const names = Array.from({ length: 40 }, (_, index) => `h${index}.example`);
    await Promise.all(names.map((host, index) => block(index % 2 ? one : other, host)));
    const { blocks } = await one.read();
    expect(blocks.map((each) => ('host' in each ? each.host : '')).sort()).toEqual([...names].sort());
  });

  it('knows its own write when the answer to it was lost', async () => {
    const { store, instance } = scene();
    const registry = instance();
    store.failWhen(({ verb }, index) => (verb === 'set' && index < 3 ? 'throw after' : undefined));
    await block(registry, 'a.example');
    store.heal();
    expect((await registry.read()).blocks).toHaveLength(1);
  });

  it('stays in use as it was read last while the store is away, and says so once', async () => {
    const { time, store, log, instance } = scene();
    const registry = instance();
    await block(registry, 'a.example');
    store.failAlways('throw before');
    for (let i = 0; i < 20; i += 1) {
      time.now += 10;
      await registry.refresh();
      expect(hosts(registry)).toEqual(['a.example']);
    }
    expect(log.filter(({ event }) => event === 'registry not read')).toHaveLength(1);
    await expect(block(registry, 'b.example')).rejects.toThrow();
    expect(hosts(registry)).toEqual(['a.example']);
    store.heal();
    await block(instance(), 'c.example');
    time.now += 10;
    // Nobody waits for a store that has failed: whoever comes first sees to it that the next ones know.
    await registry.refresh();
    await vi.waitFor(() => expect(hosts(registry)).toContain('c.example'));
  });

  it('decides nothing before it was read', async () => {
    const { store, instance } = scene();
    const registry = instance();
    store.failAlways('throw before');
    await expect(registry.refresh()).rejects.toThrow();
    expect(registry.seen()).toBeUndefined();
    store.heal();
    await registry.refresh();
    expect(registry.seen()).toBeDefined();
  });

  it('is not put back by a read that began before a change', async () => {
    const { store, instance } = scene();
    let release = (): void => undefined;
    let isHeld = false;
    const slow: Store = {
      ...store,
      async get(key) {
        const entry = await store.get(key);
        if (isHeld) {
          isHeld = false;
          await new Promise<void>((resolve) => (release = resolve));
        }
        return entry;
      },
    };
    const registry = instance(slow);
    isHeld = true;
    const reading = registry.refresh();
    await vi.waitFor(() => expect(isHeld).toBe(false));
    await block(registry, 'a.example');
    release();
    await reading;
    expect(hosts(registry)).toEqual(['a.example']);
  });

  it('cannot be written by somebody who has the database only, and survives a rotation of the secret', async () => {
    const { store, instance } = scene();
    await block(instance(), 'a.example');
    const key = { partition: 'registry', id: 'document' };
    expect((await store.get(key))?.value).not.toContain('example');
    const rotated = instance(store, [secrets[1], secrets[0]]);
    await rotated.refresh();
    expect(hosts(rotated)).toEqual(['a.example']);
    // It was sealed anew: the earlier secret can go.
    const after = instance(store, [secrets[1]]);
    await after.refresh();
    expect(hosts(after)).toEqual(['a.example']);
    await store.set(key, 'made up', { version: 'x', expiresAt: 'never' });
    await expect(instance().refresh()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });
});
