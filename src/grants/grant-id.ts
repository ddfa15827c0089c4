import { macText, secretsEqual } from '../keys/mac.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Key } from '../storage/store.js';

/** Makes and recognises grant ids: `userTag.random.mac`. */
export interface GrantIds {
  /**
   * Makes the id of a new grant.
   *
   * @param issuer - the upstream issuer
   * @param subject - the user's subject at that issuer; what `tokenMapper` makes of it does not count
   */
  create(issuer: string, subject: string): Promise<string>;
  /** Names a user so that it shows nobody: the first part of the ids of the user's grants. */
  userTag(issuer: string, subject: string): Promise<string>;
  /** Tells whether this installation made the id, without touching the store. */
  isOurs(grantId: string): Promise<boolean>;
}

/**
 * The user's part is an HMAC under the installation key: it keeps a user's grants together and shows nobody's name.
 * The short MAC refuses garbage before the store is touched.
 */
export function createGrantIds(installationKey: () => Promise<Buffer>, randomness: Randomness): GrantIds {
  const shortMac = (key: Buffer, userTag: string, random: string) => macText(key, ['grant id', userTag, random], 8);
  const tag = (key: Buffer, issuer: string, subject: string) => macText(key, ['user tag', issuer, subject]);
  // Only what proved itself is kept: strangers' inventions take no room.
  const recognised = new BoundedMap<string, true>(maxRecognised);
  return {
    async create(issuer, subject) {
      const key = await installationKey();
      const userTag = tag(key, issuer, subject);
      const random = randomText(randomness);
      const grantId = `${userTag}.${random}.${shortMac(key, userTag, random)}`;
      recognised.set(grantId, true);
      return grantId;
    },

    userTag: async (issuer, subject) => tag(await installationKey(), issuer, subject),

    async isOurs(grantId) {
      if (recognised.get(grantId)) return true;
      const [userTag = '', random = '', mac = ''] = grantId.split('.');
      const isOurs = secretsEqual(mac, shortMac(await installationKey(), userTag, random));
      if (isOurs) recognised.set(grantId, true);
      return isOurs;
    },
  };
}

const maxRecognised = 10_000;

/** Where the record of a grant is: the partition is the user. */
export function grantKey(grantId: string): Key {
  return keyFor('grant', grantId);
}

/** Where the upstream tokens of a grant are. */
export function vaultKey(grantId: string): Key {
  return keyFor('vault', grantId);
}

function keyFor(record: string, grantId: string): Key {
  const tagEnd = grantId.indexOf('.');
  const random = grantId.slice(tagEnd + 1, grantId.indexOf('.', tagEnd + 1));
  return { partition: grantId.slice(0, tagEnd), id: `${record}.${random}` };
}
