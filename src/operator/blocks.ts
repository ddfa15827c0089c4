import { isPlainText } from '../protocol/client-metadata.js';
import { blockableHost } from '../registry/block-list.js';
import type { Block, RegistryDocument } from '../registry/registry-document.js';
import type { Registry } from '../registry/registry.js';
import type { Clock } from '../storage/clock.js';
import { application, type Actor, type TellChange } from './actor.js';
import { pageOf, requireRoom, type Page, type PageRequest } from './registry-entries.js';
import { RegistryFault } from './registry-fault.js';

/** One client by its id, or all clients of a host: those who have users sent back there, or have their document there. */
export interface BlockTarget {
  readonly clientId?: string | undefined;
  /** A host stands for its subdomains too. */
  readonly host?: string | undefined;
}

/** Whom the operator does not want here. */
export interface Blocks {
  /** Lists the blocks, in the order of what is blocked. */
  list(page?: PageRequest): Promise<Page<Block>>;
  /** Finds one block. */
  find(target: BlockTarget): Promise<Block | undefined>;
  /**
   * Blocks a client, or all clients of a host, whether they are here or not; may be repeated.
   *
   * @param target - `clientId` or `host`, and perhaps `reason`: for other operators, never shown to users
   * @returns the block, and whether it is new
   * @throws {RegistryFault} invalid_request, conflict
   * @throws {AuthError} temporarily_unavailable
   */
  add(
    target: BlockTarget & { readonly reason?: string | undefined },
    by?: Actor,
  ): Promise<{ block: Block; isNew: boolean }>;
  /**
   * Lifts a block: what the client had counts again, as far as it has not expired.
   *
   * @throws {RegistryFault} invalid_request, not_found
   * @throws {AuthError} temporarily_unavailable
   */
  remove(target: BlockTarget, by?: Actor): Promise<void>;
}

/** What the list of blocks needs. */
export interface BlocksServices {
  readonly registry: Pick<Registry, 'change' | 'read'>;
  readonly clock: Clock;
  readonly tell: TellChange;
}

type Named = { readonly clientId: string } | { readonly host: string };

/** Keeps the blocks. */
export function createBlocks({ registry, clock, tell }: BlocksServices): Blocks {
  const isSame = (target: Named) => (block: Block) => nameOf(block) === nameOf(target);

  return {
    list: async (page) => pageOf((await registry.read()).blocks, nameOf, page),

    async find(given) {
      const target = targetOf(given);
      return (await registry.read()).blocks.find(isSame(target));
    },

    async add(given, by = application) {
      const target = targetOf(given);
      const reason = reasonOf(given);
      const result = await registry.change((document) => {
        const known = document.blocks.find(isSame(target));
        if (known) return { result: { block: known, isNew: false } };
        const block: Block = { ...target, addedAt: Math.floor(clock()), ...(reason !== undefined && { reason }) };
        const next: RegistryDocument = { ...document, blocks: [...document.blocks, block] };
        requireRoom(next, next.blocks.length);
        return { next, result: { block, isNew: true } };
      });
      if (result.isNew) tell(by, { event: 'client.blocked', ...target });
      return result;
    },

    async remove(given, by = application) {
      const target = targetOf(given);
      await registry.change((document) => {
        const blocks = document.blocks.filter((block) => !isSame(target)(block));
        if (blocks.length === document.blocks.length) {
          throw new RegistryFault('not_found', [`${nameOf(target)} is not blocked.`]);
        }
        return { next: { ...document, blocks }, result: undefined };
      });
      tell(by, { event: 'client.unblocked', ...target });
    },
  };
}

/** What a block is known by; no id of a client is the same text as a host with its mark. */
function nameOf(block: Named): string {
  return 'host' in block ? `host:${block.host}` : `client:${block.clientId}`;
}

function targetOf(given: BlockTarget): Named {
  const { clientId, host, ...others } = given as Record<string, unknown>;
  const unknown = Object.keys(others).filter((name) => name !== 'reason');
  if (unknown.length > 0)
    throw new RegistryFault(
      'invalid_request',
      unknown.map((name) => `${name} is unknown here.`),
    );
  if ((clientId === undefined) === (host === undefined)) {
    throw new RegistryFault('invalid_request', ['Name either a clientId or a host.']);
  }
  if (clientId !== undefined) {
    if (typeof clientId === 'string' && /^[\x21-\x7e]{1,1024}$/.test(clientId)) return { clientId };
    throw new RegistryFault('invalid_request', [
      'clientId has to be an id as clients have it, of at most 1024 characters.',
    ]);
  }
  const name = typeof host === 'string' ? blockableHost(host) : undefined;
  if (name !== undefined) return { host: name };
  throw new RegistryFault('invalid_request', [
    'host has to be a host such as app.example.com, without scheme, port and path, and no top-level domain.',
  ]);
}

function reasonOf(given: object): string | undefined {
  const { reason } = given as { reason?: unknown };
  if (reason === undefined) return undefined;
  if (typeof reason === 'string' && reason.length <= 200 && isPlainText(reason)) return reason;
  throw new RegistryFault('invalid_request', ['reason has to be text of at most 200 characters, in one line.']);
}
