import { type LastDay, STRETCH_SECONDS, STRETCHES } from './sight.js';

/**
 * In seconds, for each stretch of time: the longest before a pull ended in it, or what it had grown to at its end. Null before the first
 * good pull that is known of.
 */
export function lagsOf(
  { since, until, stretches }: LastDay,
  name: string,
  lastPullAt: number | null,
): readonly (number | null)[] {
  const mine = new Map(
    stretches.filter(({ connection }) => connection === name).map((each) => [each.stretch, each]),
  );
  let pulledAt = lastPullAt !== null && lastPullAt < since ? lastPullAt : null;
  return Array.from({ length: STRETCHES }, (_, index) => {
    const here = mine.get(index);
    pulledAt = here?.pulledAt ?? pulledAt;
    const end = Math.min(until, since + (index + 1) * STRETCH_SECONDS * 1e6);
    const grown = pulledAt === null ? null : Math.max(0, (end - pulledAt) / 1e6);
    const peak = here?.peakSeconds ?? null;
    return grown === null && peak === null ? null : Math.max(grown ?? 0, peak ?? 0);
  });
}
