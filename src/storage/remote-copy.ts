import { isWithin, type Clock } from './clock.js';

/** A copy of a document that another server publishes, and changes now and then. */
export interface RemoteCopy<T> {
  /**
   * The document as it was last seen.
   *
   * @throws whatever `unavailable` makes, when it cannot be fetched
   */
  current(): Promise<T>;
  /**
   * Looks for a newer one, because what is looked for is not in `tried`; undefined when there is none, or somebody
   * looked just now.
   *
   * @throws whatever `unavailable` makes, when it cannot be fetched
   */
  renewed(tried: T): Promise<T | undefined>;
}

/** What a copy has to know of faults. */
export interface RemoteCopyFaults {
  /** Makes the error of those who need the document while nobody can have it. */
  readonly unavailable: (cause: unknown) => Error;
  /** Tells a fault of this server's own, which may be tried again at once. @defaultValue none is */
  readonly isOurs?: (cause: unknown) => boolean;
  /** Hears of each attempt that failed, also where an earlier copy still serves. */
  readonly failed?: (cause: unknown) => void;
}

/** Seconds for which a copy is good. What the other server withdraws counts for that long. */
const freshTtl = 600;
/** Seconds for which the last good copy still serves while no newer one can be fetched. */
const staleTtl = 24 * 3600;
/** Seconds between two attempts, so that nobody can make this server hammer another one. */
const pauseTtl = 30;

/**
 * Keeps a copy, which is fetched when it is first needed, and by one for all who wait.
 *
 * What is not in it makes it be fetched at once, since it may just have been added; then there is a pause. Strangers can
 * cause that too, so the pause is the same for everybody.
 *
 * @param load - fetches and reads the document; bounds time and size, and the address
 */
export function createRemoteCopy<T extends object>(
  load: () => Promise<T>,
  clock: Clock,
  { unavailable, isOurs = () => false, failed = () => undefined }: RemoteCopyFaults,
): RemoteCopy<T> {
  let good: { readonly document: T; readonly at: number } | undefined;
  let failure: { readonly at: number; readonly cause: unknown } | undefined;
  let renewedAt: number | undefined;
  let running: Promise<void> | undefined;

  async function loadNow(): Promise<void> {
    try {
      good = { document: await load(), at: clock() };
      failure = undefined;
    } catch (cause) {
      failure = { at: isOurs(cause) ? -Infinity : clock(), cause };
      failed(cause);
    }
  }

  const loadOnce = () => (running ??= loadNow().finally(() => (running = undefined)));
  const isPausing = (since: number | undefined) => since !== undefined && isWithin(since, pauseTtl, clock());

  return {
    async current() {
      const isFresh = good !== undefined && isWithin(good.at, freshTtl, clock());
      if (!isFresh && !isPausing(failure?.at)) await loadOnce();
      if (good && isWithin(good.at, staleTtl, clock())) return good.document;
      throw unavailable(failure?.cause);
    },

    async renewed(tried) {
      // Somebody else has renewed it while that one was tried.
      if (good && good.document !== tried) return good.document;
      if (running) await running;
      else if (!isPausing(renewedAt) && !isPausing(failure?.at)) {
        renewedAt = clock();
        await loadOnce();
      }
      // Nobody can say that something is not in it while a newer one may be out of reach.
      if (failure) throw unavailable(failure.cause);
      return good?.document === tried ? undefined : good?.document;
    },
  };
}
