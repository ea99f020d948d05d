/** Delay policies. PURE. A policy is a function; `null` from it means: stop trying. */

/**
 * Delay in ms before the retry with this number (0 is the first one after a failed attempt), or null to stop for good.
 * `random` yields [0, 1).
 */
export type Backoff = (retry: number, random: () => number) => number | null

/**
 * Full jitter: uniform in [0, min(cap, base * 2^retry)), so that the jitter survives the cap and a herd stays spread however long the
 * outage lasts (AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @param base ms, default 1,000
 * @param cap ms, default 30,000
 */
export const fullJitter =
  (base = 1000, cap = 30_000): Backoff =>
  (retry, random) =>
    random() * Math.min(cap, base * 2 ** retry)
