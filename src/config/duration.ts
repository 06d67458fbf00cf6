/** Milliseconds of each unit, the largest first. */
const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
type Unit = keyof typeof UNITS;

/** What a person may write, for messages. */
export const DURATION_EXAMPLES = '500ms, 30s, 5m, 6h or 90d';

/** `500ms`, `30s`, `5m`, `6h`, `90d` in whole milliseconds; `0` needs no unit. Null for anything else. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return null;
  const [, amount, unit] = match;
  const milliseconds = Number(amount) * UNITS[unit as Unit];
  return Number.isInteger(milliseconds) && Number.isSafeInteger(milliseconds) ? milliseconds : null;
}

/** The shortest exact way to write it: 90000 is `90s`, 300000 is `5m`. The inverse of `parseDuration`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  for (const [unit, size] of Object.entries(UNITS)) {
    if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
}
