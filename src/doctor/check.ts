import type { Clock } from '../storage/clock.js';
import type { Deployment } from './deployment.js';
import type { Probe } from './probe.js';

/** How a check came out. `skipped`: what it needs is missing, which another check says. */
export type Level = 'well' | 'warning' | 'fault' | 'skipped';

/** What a check found. */
export interface Verdict {
  readonly level: Level;
  /** Sentences. */
  readonly seen: readonly string[];
  /** In place of the check's own. */
  readonly remedy?: string;
}

/** What checks look at. */
export interface Scene {
  readonly deployment: Deployment;
  readonly probe: Probe;
  readonly clock: Clock;
  /** A public client that was registered for this examination, where that was possible. */
  readonly client: () => Promise<TrialClient | undefined>;
}

/** A client that a deployment has registered. */
export interface TrialClient {
  readonly clientId: string;
  readonly redirectUri: string;
}

/** One thing that has to be so. */
export interface Check {
  /** Stable, for programs. */
  readonly name: string;
  /** What is so where all is well. */
  readonly title: string;
  /** Which client minds, and how it shows. */
  readonly matters: string;
  /** What to do; may have several lines. */
  readonly remedy: string;
  readonly look: (scene: Scene) => Verdict | Promise<Verdict>;
}

/** Checks that belong together. */
export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** All is well; `seen` is worth telling all the same. */
export const well = (...seen: readonly string[]): Verdict => ({ level: 'well', seen });
export const warning = (...seen: readonly string[]): Verdict => ({ level: 'warning', seen });
export const fault = (...seen: readonly string[]): Verdict => ({ level: 'fault', seen });
export const skipped = (...seen: readonly string[]): Verdict => ({ level: 'skipped', seen });

/** Makes a verdict of what was found, the worst first; well where nothing was. */
export function verdict(faults: readonly string[], warnings: readonly string[] = [], seen?: string): Verdict {
  if (faults.length > 0) return fault(...faults, ...warnings);
  if (warnings.length > 0) return warning(...warnings);
  return seen === undefined ? well() : well(seen);
}
