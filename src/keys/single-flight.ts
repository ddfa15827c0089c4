/**
 * Wraps an asynchronous function so that it runs once however many callers wait, and its success is kept.
 *
 * A failure reaches everybody who waited for it and is then forgotten: the next caller tries again.
 */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= load().catch((thrown: unknown) => {
      running = undefined;
      throw thrown;
    });
    return running;
  };
}
