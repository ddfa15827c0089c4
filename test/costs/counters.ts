/**
 * Counts what costs: on import, from then on, in this process. It comes before whatever takes functions out of Node's
 * modules for itself.
 */
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import zlib from 'node:zlib';
import type { Store } from 'mcp-gatehouse';

/** What is counted. */
export type Counted =
  | `store ${'get' | 'set' | 'delete' | 'list' | 'scan'}`
  | 'signatures'
  | 'verifications'
  | 'HMACs'
  /** In one call. */
  | 'hashes'
  /** By an object that takes several pieces, which costs more. */
  | 'streamed hashes'
  | 'ciphers'
  | 'deciphers'
  /** Keys that were derived or generated, or read from what keeps them: each use is meant to find them ready. */
  | 'keys made'
  /** Calls of the system's randomness, which is drawn in portions for many. */
  | 'draws'
  | 'deflations'
  | 'timers'
  | 'requests sent';

/** How often each thing was done; what was not done is absent. */
export type Counts = Partial<Record<Counted, number>>;

let counts: Counts = {};

/** Begins at nothing, and answers what was counted until now. */
export function takeCounts(): Counts {
  const taken = counts;
  counts = {};
  return taken;
}

/** Counts what is asked of a store. */
export function countedStore(store: Store): Store {
  return {
    ...store,
    get: counting('store get', store.get.bind(store)),
    set: counting('store set', store.set.bind(store)),
    delete: counting('store delete', store.delete.bind(store)),
    list: counting('store list', store.list.bind(store)),
    ...(store.scan && { scan: counting('store scan', store.scan.bind(store)) }),
  };
}

function counting<This, Parameters extends unknown[], Answer>(
  counted: Counted,
  act: (this: This, ...parameters: Parameters) => Answer,
): (this: This, ...parameters: Parameters) => Answer {
  return function (...parameters) {
    counts[counted] = (counts[counted] ?? 0) + 1;
    return act.apply(this, parameters);
  };
}

/** Replaces functions of an object by ones that count; what this version of Node does not have is left out. */
function watch(counted: Counted, object: object, names: readonly string[]): void {
  for (const name of names) {
    const act: unknown = Reflect.get(object, name);
    if (typeof act !== 'function') continue;
    const watched = counting(counted, act as (...parameters: unknown[]) => unknown);
    // The members of a function go with it, such as the form of setTimeout for promises.
    Object.defineProperties(watched, Object.getOwnPropertyDescriptors(act));
    Object.defineProperty(object, name, { value: watched, configurable: true, enumerable: true, writable: true });
  }
}

const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle) as object;

watch('signatures', crypto, ['sign', 'createSign']);
watch('signatures', subtle, ['sign']);
watch('verifications', crypto, ['verify', 'createVerify']);
watch('verifications', subtle, ['verify']);
watch('HMACs', crypto, ['createHmac']);
watch('hashes', crypto, ['hash']);
watch('hashes', subtle, ['digest']);
watch('streamed hashes', crypto, ['createHash']);
watch('ciphers', crypto, ['createCipheriv', 'publicEncrypt', 'privateEncrypt']);
watch('ciphers', subtle, ['encrypt', 'wrapKey']);
watch('deciphers', crypto, ['createDecipheriv', 'publicDecrypt', 'privateDecrypt']);
watch('deciphers', subtle, ['decrypt', 'unwrapKey']);
watch('keys made', crypto, ['createPrivateKey', 'createPublicKey', 'createSecretKey']);
watch('keys made', crypto, ['generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync']);
watch('keys made', crypto, ['hkdf', 'hkdfSync', 'pbkdf2', 'pbkdf2Sync', 'scrypt', 'scryptSync']);
watch('keys made', subtle, ['importKey', 'generateKey', 'deriveBits', 'deriveKey']);
watch('draws', crypto, ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID']);
watch('draws', Object.getPrototypeOf(crypto.webcrypto) as object, ['getRandomValues', 'randomUUID']);
watch('deflations', zlib, ['deflate', 'deflateSync', 'deflateRaw', 'deflateRawSync', 'gzip', 'gzipSync']);
watch('deflations', zlib, ['inflate', 'inflateSync', 'inflateRaw', 'inflateRawSync', 'gunzip', 'gunzipSync']);
for (const module of [globalThis, timers, timersPromises]) watch('timers', module, ['setTimeout', 'setInterval']);
for (const module of [http, https]) watch('requests sent', module, ['request', 'get']);
watch('requests sent', globalThis, ['fetch']);
syncBuiltinESMExports();
