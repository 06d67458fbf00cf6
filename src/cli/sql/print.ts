import { jsonText } from '../json.js';
import { formatTable } from '../table.js';
import type { StatementResult } from './session.js';

/** For a person: a table and its count, or what became of the statement. */
export function readable({ tag, columns, rows }: StatementResult): string {
  if (columns.length === 0) return tag;
  const table = formatTable(
    columns.map(({ name }) => name),
    rows,
  );
  return `${table}\n(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
}

/** One JSON document: the rows of the last statement as objects; what does not fit a JSON number exactly is a string. */
export function asJson(results: readonly StatementResult[]): string {
  const last = results.at(-1);
  const rows = (last?.rows ?? []).map((row) =>
    Object.fromEntries(
      (last?.columns ?? []).map(({ name, type }, index) => [name, toJson(row[index] ?? null, type)]),
    ),
  );
  return jsonText(rows);
}

/** PostgreSQL's numbers for its own types, the same in every database. */
const TYPES = { bool: 16, int2: 21, int4: 23, int8: 20, json: 114, jsonb: 3802 } as const;

function toJson(text: string | null, type: number): unknown {
  if (text === null) return null;
  switch (type) {
    case TYPES.bool:
      return text === 't';
    case TYPES.int2:
    case TYPES.int4:
    case TYPES.int8:
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case TYPES.json:
    case TYPES.jsonb:
      return JSON.parse(text);
    default:
      return text;
  }
}
