import type { KeptSigningKey } from '../keys/signing-keys.js';
import type { Actor } from './actor.js';
import type { Blocks } from './blocks.js';
import type { ClientRegistry } from './clients.js';
import type { GrantSelection, GrantSummary } from './grant-administration.js';
import type { ResourceRegistry } from './resources.js';

/** What an operator can do while the server runs: in code, by the `gatehouse` command, and by the admin API. */
export interface Operator {
  /** Clients that are known beforehand: added, changed and removed beside those of the configuration. */
  readonly clients: ClientRegistry;
  /** MCP servers that tokens are issued for: added, changed and removed beside those of the configuration. */
  readonly resources: ResourceRegistry;
  /** Whom the operator does not want here. */
  readonly blocks: Blocks;

  /**
   * Tells whether the store holds anything of this issuer: whether a server has been started with both.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  isInstalled(): Promise<boolean>;
  /**
   * Begins a rotation of the signing keys before its time: a new key is published at once, and signs after
   * `signing.publishTtl`. Nobody is signed out. While a rotation is under way nothing happens.
   *
   * @throws {ConfigurationError} when the keys are supplied by the configuration
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  rotateSigningKeys(by?: Actor): Promise<void>;
  /**
   * The signing keys in the order in which they were made. None where the configuration supplies them, or no server has
   * been started on this store yet.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  listSigningKeys(): Promise<readonly KeptSigningKey[]>;
  /**
   * Finds what users have granted to clients, those that have ended lately among them. A selection by id, or by the user at
   * a provider, is one look; any other reads the whole store.
   *
   * @throws {ConfigurationError} when the store would have to be read as a whole, and cannot be
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  findGrants(selection: GrantSelection): AsyncIterable<GrantSummary>;
  /**
   * Ends a grant at once: its refresh token, its access tokens and its upstream tokens. May be repeated.
   *
   * @returns false when there is no such grant, or it had ended before
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  revokeGrant(grantId: string, by?: Actor): Promise<boolean>;
  /** The ids of the providers that are known here: no others hear that a sign-in of theirs was ended. */
  readonly providers: readonly string[];
}
