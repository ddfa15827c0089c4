import type { KeptSigningKey } from '../keys/signing-keys.js';
import type { Actor } from './actor.js';
import type { Blocks } from './blocks.js';
import type { ClientRegistry } from './clients.js';
import type { GrantAdministration } from './grant-administration.js';
import type { ResourceRegistry } from './resources.js';

/** What an operator can do while the server runs: in code, by the `gatehouse` command, and by the admin API. */
export interface Operator {
  /** Clients that are known beforehand: added, changed and removed beside those of the configuration. */
  readonly clients: ClientRegistry;
  /** MCP servers that tokens are issued for: added, changed and removed beside those of the configuration. */
  readonly resources: ResourceRegistry;
  /** Whom the operator does not want here. */
  readonly blocks: Blocks;
  /** What users have granted to clients. */
  readonly grants: GrantAdministration;
  /** The keys that access tokens are signed with. */
  readonly keys: KeyAdministration;

  /**
   * Tells whether the store holds anything of this issuer: whether a server has been started with both.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  isInstalled(): Promise<boolean>;
  /** The ids of the providers that are known here: no others hear that a sign-in of theirs was ended. */
  readonly providers: readonly string[];
}

/** Lets an operator see the signing keys, and rotate them. */
export interface KeyAdministration {
  /**
   * Begins a rotation of the signing keys before its time: a new key is published at once, and signs after
   * `signing.publishTtl`. Nobody is signed out. While a rotation is under way nothing happens.
   *
   * @throws {ConfigurationError} when the keys are supplied by the configuration
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  rotate(by?: Actor): Promise<void>;
  /**
   * The signing keys in the order in which they were made. None where the configuration supplies them, or no server has
   * been started on this store yet.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  list(): Promise<readonly KeptSigningKey[]>;
}
