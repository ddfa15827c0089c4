import { userInfo } from 'node:os';
import type { Actor } from '../operator/actor.js';

/** Who changes something from the command line, for the audit: the account of the machine. */
export function commandActor(): Actor {
  try {
    return { operator: `gatehouse command (${userInfo().username})` };
  } catch {
    // An account without a name, as in many containers.
    return { operator: 'gatehouse command' };
  }
}
