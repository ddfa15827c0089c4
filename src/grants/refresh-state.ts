import { clockTolerance } from '../storage/clock.js';
import type { RefreshState } from './grant.js';

/** How long a superseded refresh token is tolerated; both in seconds. */
export interface GraceSettings {
  /** For so long after its supersession it gets the current token. */
  readonly graceTtl: number;
}

/** What is to be done with a refresh token that this server issued on a living grant. */
export type RefreshVerdict = 'rotate' | 'serve the current token' | 'refuse' | 'replayed';

/** So many generations are remembered. A client that rotates faster than this within the window is refused, not ended. */
const maxSuperseded = 32;

/** Judges a refresh token by its generation (RFC 9700 §4.14.2). */
export function judgeRefresh(
  state: RefreshState,
  presented: { readonly generation: number; readonly kid: string },
  now: number,
  { graceTtl }: GraceSettings,
): RefreshVerdict {
  const { generation, kid } = presented;
  if (generation === state.generation) return kid === state.kid ? 'rotate' : 'refuse';
  // Ahead of the record: the store has lost writes. Nothing proves a theft, and nothing may be issued.
  if (generation > state.generation) return 'refuse';
  const known = state.superseded.find((each) => each.generation === generation);
  const at = known?.at ?? state.forgottenAt ?? -Infinity;
  // Superseded ahead of now: the clock was put back, or is far behind that of another instance. Nobody can tell how long ago.
  if (now < at - clockTolerance) return 'refuse';
  // For a minute after the grace window it is refused without harm.
  if (now > at + graceTtl + clockTolerance) return 'replayed';
  return known?.kid === kid && now <= at + graceTtl ? 'serve the current token' : 'refuse';
}

/** The state after a rotation: one generation further, the old one remembered with the instant of its supersession. */
export function rotated(state: RefreshState, kid: string, now: number, { graceTtl }: GraceSettings): RefreshState {
  const all = [{ generation: state.generation, kid: state.kid, at: now }, ...state.superseded];
  const recent = all.filter(({ at }) => now <= at + graceTtl + clockTolerance);
  const forgotten = recent[maxSuperseded];
  const forgottenAt = forgotten?.at ?? state.forgottenAt;
  return {
    generation: state.generation + 1,
    kid,
    superseded: recent.slice(0, maxSuperseded),
    ...(forgottenAt !== undefined && { forgottenAt }),
  };
}
