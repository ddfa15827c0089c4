import { BoundedMap } from '../storage/bounded-map.js';
import { isWithin, type Clock } from '../storage/clock.js';
import type { Grants } from './grant-store.js';
import { changed, type Grant } from './grant.js';

/**
 * Notes that an access token of a grant was presented to its resource. Nobody waits for it, and it never fails: whether it
 * is written changes nothing for whoever presents the token.
 */
export type NoteUse = (grant: Grant) => void;

/** How exactly the last use is known, in seconds: a write for each use would be one for each request. */
const noteTtl = 24 * 3600;
/** How long a process leaves a grant alone that it has tried to note a use of; in seconds. */
const pauseTtl = 60;
const maxPaused = 10_000;

/** Notes uses in the grants themselves, the first one at once and later ones a day apart. */
export function createNoteUse(grants: Pick<Grants, 'change'>, clock: Clock): NoteUse {
  const paused = new BoundedMap<string, number>(maxPaused);
  const isDue = ({ ended, usedAt }: Grant) => !ended && (usedAt === undefined || !isWithin(usedAt, noteTtl, clock()));

  return (grant) => {
    const { grantId } = grant;
    if (!isDue(grant) || isWithin(paused.get(grantId) ?? Infinity, pauseTtl, clock())) return;
    paused.set(grantId, clock());
    grants
      .change(grantId, (current) => ({
        ...(isDue(current) && { next: changed(current, { usedAt: clock() }) }),
        result: undefined,
      }))
      .catch(() => undefined);
  };
}
