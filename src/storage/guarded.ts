import { AuthError } from '../protocol/auth-error.js';
import { canScan } from './scanning.js';
import type { ScanOptions, Store } from './store.js';

/**
 * Makes every failure of a store, and every silence, the one error that asks the caller to try again.
 *
 * @param patience - seconds after which an operation counts as failed; longer than any backend's own patience
 */
export function guarded(store: Store, patience = 8): Store {
  /** One promise, and no race of several: every request passes here, some of them four times. */
  function guard<T>(operate: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        clearTimeout(timer);
        reject(new AuthError('temporarily_unavailable', 'The server cannot reach its store.', { cause }));
      };
      const timer = setTimeout(
        () => fail(new AuthError('temporarily_unavailable', 'The store does not answer.')),
        patience * 1000,
      );
      const succeed = (answer: T) => {
        clearTimeout(timer);
        resolve(answer);
      };
      try {
        operate().then(succeed, fail);
      } catch (thrown) {
        fail(thrown);
      }
    });
  }

  return {
    get: (key) => guard(() => store.get(key)),
    set: (key, value, options) => guard(() => store.set(key, value, options)),
    delete: (key, options) => guard(() => store.delete(key, options)),
    list: (partition, options) => guard(() => store.list(partition, options)),
    ...(canScan(store) && { scan: (options: ScanOptions | undefined) => guard(() => store.scan(options)) }),
    close: () => store.close(),
  };
}
