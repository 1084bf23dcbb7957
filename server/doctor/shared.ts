/**
 * Work that many may ask for: one at a time, whoever asks while it runs gets the same result, and so does who asks
 * within `keptMs` of its end. A failure is not kept.
 */
export function sharedFor<T>(
  keptMs: number,
  work: () => Promise<T>,
  now = () => performance.now(),
): () => Promise<T> {
  let running: Promise<T> | undefined;
  let last: { readonly at: number; readonly value: T } | undefined;
  return () => {
    if (running !== undefined) return running;
    if (last !== undefined && now() - last.at < keptMs) return Promise.resolve(last.value);
    running = work()
      .then((value) => {
        last = { at: now(), value };
        return value;
      })
      .finally(() => (running = undefined));
    return running;
  };
}
