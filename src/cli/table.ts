import { printableLine } from '../printable.js';

/** Rows as a table for a person, numbers to the right, long values cut to what fits on a line. Ends without a line break. */
export function formatTable(names: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  const head = names.map(printableLine);
  const cells = rows.map((row) => row.map((value) => printableLine(value ?? '')));
  const widths = head.map((name, column) =>
    Math.min(
      MOST,
      cells.reduce((most, row) => Math.max(most, length(row[column] ?? '')), length(name)),
    ),
  );
  const numeric = head.map(
    (_, column) => cells.every((row) => /^(-?\d+(\.\d+)?)?$/.test(row[column] ?? '')) && cells.length > 0,
  );
  const line = (row: readonly string[], align: readonly boolean[]) =>
    row
      .map((text, column) => padded(text, widths[column] ?? 0, align[column] ?? false))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head, numeric), rule, ...cells.map((row) => line(row, numeric))].join('\n');
}

const MOST = 60;

function padded(text: string, width: number, right: boolean): string {
  const letters = [...text];
  if (letters.length > width) return `${letters.slice(0, width - 1).join('')}…`;
  const space = ' '.repeat(width - letters.length);
  return right ? space + text : text + space;
}

function length(text: string): number {
  return [...text].length;
}
