import type { Blocks } from './blocks.js';
import type { ClientRegistry } from './clients.js';
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
   * Begins a rotation of the signing keys before its time: a new key is published at once, and signs after
   * `signing.publishTtl`. Nobody is signed out. While a rotation is under way nothing happens.
   *
   * @throws {ConfigurationError} when the keys are supplied by the configuration
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  rotateSigningKeys(): Promise<void>;
}
