import { describe, expect, it } from 'vitest';
import { linkedinProvider } from '../../providers/linkedin.js';
import { providerContract } from './contract.js';
import { evidence } from './evidence.js';

providerContract('linkedin', { provider: linkedinProvider });

describe('linkedinProvider', () => {
  it.each([
    [{ language: 'en', country: 'US' }, 'en-US'],
    [{ language: 'de' }, 'de'],
    [{ language: 'de', country: 7 }, 'de'],
    ['en_US', 'en_US'],
    [null, null],
    [undefined, undefined],
  ])('reads the locale %j', async (locale, expected) => {
    const { identify } = linkedinProvider({ clientId: 'id', clientSecret: 'secret' });
    expect((await identify?.(evidence({ profile: { sub: '1', locale } })))?.locale).toBe(expected);
  });
});
