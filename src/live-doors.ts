import type { Settings } from './config.js';
import { createDoors, introspectionPath, type Doors } from './doors.js';
import type { Engine } from './engine.js';
import type { Foundation } from './foundation.js';
import type { Dispatcher } from './http/router.js';
import { errorReply, notFoundReply } from './http/reply.js';
import type { Operator } from './operator/operator.js';
import type { Parties } from './parties.js';
import { toAuthError } from './protocol/auth-error.js';
import { derived } from './registry/live-map.js';

/** The doors as they are now, and a dispatcher that always leads to them. */
export interface LiveDoors {
  readonly now: () => Doors;
  readonly dispatcher: Dispatcher;
}

/** Makes the doors anew whenever a client or a resource has come, gone or changed. */
export function createLiveDoors(
  settings: Settings,
  parties: Parties,
  foundation: Foundation,
  engine: Engine,
  operator: Operator,
  isDraining: () => boolean,
): LiveDoors {
  const now = derived(parties.now, (current) =>
    createDoors(settings, current, foundation, engine, operator, isDraining),
  );
  // There while any resource may be introspected, which an instance learns when somebody asks.
  const introspection = new URL(settings.issuer).pathname.replace(/\/$/, '') + introspectionPath;
  return {
    now,
    dispatcher: {
      serves: (path, method) => path === introspection || now().dispatcher.serves(path, method),
      async dispatch(request) {
        const { path } = request;
        // What else depends on the registry sees to it by itself.
        const isOfRegistry = path === introspection || path.includes('/.well-known/');
        const fault = isOfRegistry ? await parties.refresh().catch(toAuthError) : undefined;
        const { dispatcher } = now();
        if (!dispatcher.serves(path, request.method)) return fault ? errorReply(fault) : notFoundReply;
        const answered = dispatcher.dispatch(request);
        if (!fault) return answered;
        const reply = await answered;
        // Nobody can say that there is no such resource before the registry was read.
        return reply.status === 404 ? errorReply(fault) : reply;
      },
    },
  };
}
