import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { median, say } from './database.js';
import { type SourceName, sources } from './sandbox.js';

export type Figure = Readonly<Record<string, string | number>>;

let kept = false;

/**
 * Prints a table, then the machine with the version of its PostgreSQL, and the same as JSON. `--json FILE` keeps the JSON in a file too, one line
 * for each benchmark that ran.
 */
export function report(bench: string, postgres: string, figures: readonly Figure[], note?: string): void {
  const names = [...new Set(figures.flatMap((figure) => Object.keys(figure)))];
  const cells = [names, ...figures.map((figure) => names.map((name) => String(figure[name] ?? '')))];
  const widths = names.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  for (const row of cells)
    say(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  const where = machine(postgres);
  say(
    `${where.processor}, ${where.cores} cores, ${where.memoryGb} GB, Node ${where.node}, PostgreSQL ${where.postgres}, load ${where.load}`,
  );
  if (note) say(note);
  const json = JSON.stringify({ bench, machine: where, figures });
  say(json);
  const file = flag('json');
  if (file === null) return;
  writeFileSync(file, `${json}\n`, { flag: kept ? 'a' : 'w' });
  kept = true;
}

function machine(postgres: string) {
  return {
    processor: cpus()[0]?.model.trim() ?? execFileSync('uname', ['-m']).toString().trim(),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    postgres,
    load: Number(loadavg()[0]?.toFixed(1)),
  };
}

/** The value of `--name VALUE` on the command line. */
export function flag(name: string): string | null {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? null : (process.argv[at + 1] ?? null);
}

/** The same as a number, or the usual one. */
export function size(name: string, usual: number): number {
  const value = Number(flag(name) ?? usual);
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new Error(`--${name}: expected a whole number above 0`);
  return value;
}

/** The API that `--source` names, else Invoiced. */
export function chosenSource(): SourceName {
  const name = flag('source') ?? 'invoiced';
  const source = sources.find((each) => each === name);
  if (source === undefined) throw new Error(`--source: expected one of ${sources.join(', ')}, not ${name}`);
  return source;
}

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** `median (least … most)` of a list, for the eye. */
export function spread(values: readonly number[], digits = 0): string {
  const all = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${median(values).toFixed(digits)} (${all.join('-')})`;
}
