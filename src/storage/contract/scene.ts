import type { Clock } from '../clock.js';
import type { Key, SetOptions, Store, Version } from '../store.js';

/** How the suite reaches an implementation. */
export interface StoreHarness {
  /** Opens a store that tells the time by `clock`. Each call is one more connection to the same data. */
  readonly open: (clock: Clock) => Store | Promise<Store>;
  /** True for a store that no second connection can share, such as one in the memory of the process. */
  readonly isolated?: boolean;
  /**
   * The time by which the backend itself expires records, for one that cannot be told the time.
   *
   * With it, the cases wait a few seconds for what they otherwise reach by moving the clock.
   */
  readonly backendClock?: Clock;
}

/** What every case is given: two connections, and a partition of its own. */
export interface Scene {
  readonly store: Store;
  /** Another connection to the same data; the same one when the store is isolated. */
  readonly other: Store;
  readonly partition: string;
  /** A key in the partition of this case. */
  readonly key: (id?: string) => Key;
  /** A version that was never used before. */
  readonly version: () => Version;
  /** Writes a record unconditionally and answers its version. */
  readonly put: (key: Key, value?: string, expiresAt?: SetOptions['expiresAt']) => Promise<Version>;
  /** An instant so many seconds from now. */
  readonly in: (seconds: number) => number;
  /** Lets seconds pass. */
  readonly pass: (seconds: number) => Promise<void>;
}

/** Cases by what they prove. */
export type SceneCases = Readonly<Record<string, (scene: Scene) => Promise<void>>>;

/** Sets the scene for one case, and closes what it opened. */
export async function withScene(harness: StoreHarness, play: (scene: Scene) => Promise<void>): Promise<void> {
  const time = harness.backendClock ? passingTime(harness.backendClock) : movableTime();
  const store = await harness.open(time.clock);
  const other = harness.isolated ? store : await harness.open(time.clock);
  const partition = `contract-${crypto.randomUUID()}`;
  const scene: Scene = {
    store,
    other,
    partition,
    key: (id = 'record') => ({ partition, id }),
    version: () => crypto.randomUUID(),
    async put(key, value = 'value', expiresAt = 'never') {
      const version = scene.version();
      await store.set(key, value, { version, expiresAt });
      return version;
    },
    in: (seconds) => time.clock() + seconds,
    pass: time.pass,
  };
  try {
    await play(scene);
  } finally {
    await Promise.all([store.close(), other === store ? undefined : other.close()]);
  }
}

interface Time {
  readonly clock: Clock;
  readonly pass: (seconds: number) => Promise<void>;
}

function movableTime(): Time {
  let now = 1_800_000_000.25;
  return {
    clock: () => now,
    pass: (seconds) => {
      now += seconds;
      return Promise.resolve();
    },
  };
}

function passingTime(clock: Clock): Time {
  return {
    clock,
    async pass(seconds) {
      // A backend may round instants to the next millisecond.
      const until = clock() + seconds + 0.01;
      while (clock() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
