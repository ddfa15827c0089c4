import { createHash } from 'node:crypto';
import { longestTokenTtl, type Settings } from './config.js';
import { createAuditTrail } from './audit-trail.js';
import { createEntrance } from './entrance.js';
import type { Entrance } from './http/entrance.js';
import { countedAudit, observedStore } from './observed.js';
import { openTelemetry } from './open-telemetry.js';
import type { Audit } from './telemetry/audit.js';
import type { Log } from './telemetry/log.js';
import type { Telemetry } from './telemetry/telemetry.js';
import type { Randomness } from './keys/randomness.js';
import type { Clock } from './storage/clock.js';
import { loadInstallationKey } from './keys/installation-key.js';
import { createKeyRing, type KeyRing } from './keys/key-ring.js';
import { rotatingSigningKeys } from './keys/rotating-keys.js';
import { createSealing, type Sealing } from './keys/sealing.js';
import { sharedSigningKeys, suppliedSigningKeys, type SigningKeys } from './keys/signing-keys.js';
import { once } from './keys/single-flight.js';
import { openStore, type OpenedStore } from './open-store.js';
import { guarded } from './storage/guarded.js';
import { namespaced } from './storage/namespaced.js';
import type { Store } from './storage/store.js';
import { standardErrorAudit, standardErrorLog } from './standard-error.js';
import { createSystemRandomness, systemClock } from './system.js';

/** What everything else stands on: time, chance, memory and secrets. */
export interface Foundation {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly audit: Audit;
  /** Absent where nobody measures. */
  readonly telemetry: Telemetry | undefined;
  readonly store: Store;
  /** Closes the store, unless it was handed in. */
  readonly closeStore: () => Promise<void>;
  readonly ring: KeyRing;
  readonly sealing: Sealing;
  readonly installationKey: () => Promise<Buffer>;
  readonly signingKeys: SigningKeys;
  /** A short name of this installation, for what it shares with others: cookies of a host, a database. */
  readonly tag: string;
  readonly entrance: Entrance;
  /**
   * Opens the store and reads the keys.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away, or was written under another secret
   */
  readonly ready: () => Promise<void>;
}

/** Lays the foundation that the settings describe. */
export function createFoundation(settings: Settings): Foundation {
  const { issuer, secret, clock = systemClock, log = standardErrorLog } = settings;
  const telemetry = settings.telemetry ? openTelemetry() : undefined;
  const audit = countedAudit(createAudit(settings, clock, log), telemetry);
  const randomness = settings.randomness ?? createSystemRandomness();
  const tag = createHash('sha256').update(issuer).digest('base64url').replace(/[-_]/g, '').slice(0, 8);
  const opened: OpenedStore = typeof settings.store === 'string' ? openStore(settings.store, clock) : settings.store;
  const store = observedStore(guarded(namespaced(opened, tag)), telemetry);
  const ring = createKeyRing(secret, issuer);
  const sealing = createSealing(ring, randomness);
  const connection = opened === settings.store ? undefined : opened.connection;
  const installationKey = once(() => loadInstallationKey(store, sealing, randomness));
  const signingKeys = createSigningKeys(settings, store, sealing, randomness, clock, audit);
  return {
    clock,
    randomness,
    log,
    audit,
    telemetry,
    store,
    closeStore: async () => {
      if (opened !== settings.store) await opened.close();
    },
    ring,
    sealing,
    installationKey,
    signingKeys,
    tag,
    entrance: createEntrance(settings, { clock, log, audit, ring, tag, connection }),
    async ready() {
      await installationKey();
      await signingKeys.current();
    },
  };
}

function createAudit({ audit = standardErrorAudit }: Settings, clock: Clock, log: Log): Audit {
  return audit === false ? () => undefined : createAuditTrail(audit, clock, log);
}

function createSigningKeys(
  settings: Settings,
  store: Store,
  sealing: Sealing,
  randomness: Randomness,
  clock: Clock,
  audit: Audit,
): SigningKeys {
  const { signing } = settings;
  switch (signing.kind) {
    case 'shared':
      return sharedSigningKeys(signing.secret);
    case 'supplied':
      return suppliedSigningKeys(signing.algorithm, signing.keys);
    case 'rotating':
      return rotatingSigningKeys(
        store,
        sealing,
        randomness,
        clock,
        { ...signing, longestTokenTtl: longestTokenTtl(settings) },
        audit,
      );
  }
}
