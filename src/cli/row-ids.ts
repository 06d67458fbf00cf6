import { InvalidArgumentError } from 'commander';

/** Ids as people type them: positive whole numbers that PostgreSQL's bigint holds. */
export function parseId(text: string): string {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new InvalidArgumentError('use a whole number from 1 on');
  return text;
}

export function parseIds(text: string, former: readonly string[] = []): readonly string[] {
  return [...former, parseId(text)];
}
