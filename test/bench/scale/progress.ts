const begin = performance.now();

/** Says on standard error what is being done, and how long it has been going on. */
export function tell(what: string): void {
  const seconds = Math.round((performance.now() - begin) / 1000);
  console.error(`${String(seconds).padStart(5)} s  ${what}`);
}
