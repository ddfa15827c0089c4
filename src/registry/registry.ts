import { AuthError } from '../protocol/auth-error.js';
import { isWithin, type Clock } from '../storage/clock.js';
import { describeCauses, type Log } from '../telemetry/log.js';
import type { RegistryDocument } from './registry-document.js';
import type { Edit, LoadedDocument, RegistryRecord } from './registry-record.js';

/** What operators have said at run time, as this instance knows it. */
export interface Registry {
  /** What was read last; undefined until something was. */
  seen(): RegistryDocument | undefined;
  /**
   * Sees to it that what {@link seen} answers is not older than a few seconds. While the store is away the last copy
   * stays in use.
   *
   * @throws {AuthError} temporarily_unavailable when nothing was ever read
   */
  refresh(): Promise<void>;
  /**
   * Changes what is there by compare-and-set; this instance knows of it at once, the others within seconds.
   *
   * @throws {AuthError} temporarily_unavailable; and what `edit` throws
   */
  change<T>(edit: (document: RegistryDocument) => Edit<T>): Promise<T>;
  /** Reads it now. @throws {AuthError} temporarily_unavailable when the store is away */
  read(): Promise<RegistryDocument>;
}

/** Seconds for which a copy is good as it is; after that somebody reads it anew, while others go on. */
const freshTtl = 2;
/** Every request passes here, and nearly all of them find that there is nothing to do. */
const done = Promise.resolve();
/** Seconds after which everybody waits until it was read: so long a change takes at the most to count everywhere. */
const staleTtl = 5;

/**
 * Keeps a copy, which is read when it is needed and by one for all who wait. Nothing runs by itself, so an instance that
 * nobody uses reads nothing.
 */
export function createRegistry(record: RegistryRecord, clock: Clock, log: Log): Registry {
  let copy: (LoadedDocument & { readonly at: number }) | undefined;
  let failedAt: number | undefined;
  let running: Promise<void> | undefined;
  let changes = 0;
  let lastChange: Promise<unknown> = Promise.resolve();

  async function loadNow(): Promise<void> {
    const [before, at] = [changes, clock()];
    try {
      const loaded = await record.load(copy);
      // What was read before a change of our own must not undo it.
      if (before === changes) copy = { ...loaded, at };
      failedAt = undefined;
    } catch (thrown) {
      tell(thrown);
      failedAt = clock();
      throw thrown;
    }
  }

  function tell(thrown: unknown): void {
    if (failedAt !== undefined) return;
    log({
      level: 'error',
      event: 'registry not read',
      description: copy
        ? 'Clients, resources and blocks cannot be read from the store: what was read last stays in use.'
        : 'Clients, resources and blocks cannot be read from the store: nothing is decided without them.',
      causes: describeCauses(new AuthError('temporarily_unavailable', '', { cause: thrown })),
    });
  }

  const load = () => (running ??= loadNow().finally(() => (running = undefined)));

  return {
    seen: () => copy?.document,

    refresh() {
      const now = clock();
      if (!copy) return load();
      if (isWithin(copy.at, freshTtl, now)) return done;
      // Once the store has failed nobody waits for it any more, and few ask.
      if (failedAt !== undefined && isWithin(failedAt, freshTtl, now)) return done;
      const loading = load().catch(() => undefined);
      return failedAt === undefined && !isWithin(copy.at, staleTtl, now) ? loading : done;
    },

    change(edit) {
      const changed = lastChange.then(async () => {
        const { result, ...loaded } = await record.change(edit);
        changes += 1;
        copy = { ...loaded, at: clock() };
        return result;
      });
      // One after the other: many at once would only get in each other's way.
      lastChange = changed.catch(() => undefined);
      return changed;
    },

    async read() {
      // Not what somebody began to read earlier: whoever asks has just heard of a change elsewhere.
      await running?.catch(() => undefined);
      await load();
      if (!copy) throw new AuthError('temporarily_unavailable', 'The server is not ready.');
      return copy.document;
    },
  };
}
