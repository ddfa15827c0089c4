import { describe, expect, it } from 'vitest';
import { createTransactions } from '../../src/flow/transaction.js';
import { newTransaction, sealingOf, secrets, start } from './scene.js';

let now = start;
const transactions = createTransactions(sealingOf(), () => now);

describe('a sealed transaction', () => {
  it('is read as it was written, and shows nothing of itself', () => {
    const transaction = newTransaction({ state: 'client-state-canary' });
    const sealed = transactions.seal(transaction);
    expect(transactions.open(sealed)).toEqual(transaction);
    expect(Buffer.from(sealed.slice(5), 'base64url').toString('latin1')).not.toContain('canary');
  });

  it('keeps absent what was absent', () => {
    const { redirectUri, state, ...bare } = newTransaction();
    expect([redirectUri, state]).not.toContain(undefined);
    expect(Object.keys(transactions.open(transactions.seal(bare)) ?? {})).toEqual(Object.keys(bare));
  });

  it('is over at its instant', () => {
    const sealed = transactions.seal(newTransaction({ expiresAt: start + 600 }));
    now = start + 599.9;
    expect(transactions.open(sealed)).toBeDefined();
    now = start + 600;
    expect(transactions.open(sealed)).toBeUndefined();
    now = start;
  });

  it('is nothing when it was forged, changed or sealed elsewhere', () => {
    const transaction = newTransaction();
    const sealed = transactions.seal(transaction);
    const elsewhere = createTransactions(sealingOf([secrets[0]], 'https://other.example'), () => now);
    const forged = [
      '',
      JSON.stringify(transaction),
      sealed.slice(0, -2),
      `x${sealed}`,
      elsewhere.seal(transaction),
      sealingOf().seal('seal sign-in', 'form', JSON.stringify(transaction)),
    ];
    for (const text of forged) expect(transactions.open(text)).toBeUndefined();
  });

  it('survives a rotation of the secret while somebody looks at the page', () => {
    const sealed = transactions.seal(newTransaction());
    const rotated = createTransactions(sealingOf([secrets[1], secrets[0]]), () => now);
    expect(rotated.open(sealed)).toBeDefined();
    expect(createTransactions(sealingOf([secrets[1]]), () => now).open(sealed)).toBeUndefined();
  });
});
