import { vaultKey } from '../grants/grant-id.js';
import { changed, type Grant } from '../grants/grant.js';
import { recordExpiry, vaultExpiry, type GrantLifetimes } from '../grants/lifetimes.js';
import type { Vault } from '../upstream/vault.js';

/**
 * Lets the upstream tokens of a grant live as long as its next state will, and notes that in it.
 *
 * To be done before that state is written: a grant must not outlive its vault, while a vault that is kept for a write
 * which then fails goes by itself.
 */
export async function keepVault(next: Grant, vault: Vault, now: number, lifetimes: GrantLifetimes): Promise<Grant> {
  if ((next.vaultUntil ?? 0) >= recordExpiry(next, now, lifetimes)) return next;
  const vaultUntil = vaultExpiry(next, now, lifetimes);
  await vault.extend(vaultKey(next.grantId), vaultUntil);
  return changed(next, { vaultUntil });
}
