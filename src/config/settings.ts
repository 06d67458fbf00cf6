import { readFileSync } from 'node:fs';
import { TaskmirrorError } from '../errors.js';
import { DURATION_EXAMPLES, formatDuration, parseDuration } from './duration.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings one by one; each error names the setting, its value unless that is secret, and the cure. */
export interface Settings {
  /** Null when unset or empty: compose files pass what is unset as ''. */
  text(name: string): string | null;
  /** Also from the file that `NAME_FILE` names, without the white space around it. */
  secret(name: string): string | null;
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T;
  duration(name: string, fallback: string, bounds: DurationBounds): number;
  /** A duration, or null for `forever`. */
  retention(name: string, fallback: string): number | null;
}

export interface DurationBounds {
  readonly least: number;
  readonly most: number;
}

export function settingsOf(env: Environment): Settings {
  const text = (name: string) => env[name]?.trim() || null;
  return {
    text,
    secret: (name) => onOneLine(name, readSecret(name, text(name), text(`${name}_FILE`))),
    choice: (name, choices, fallback) => {
      const value = text(name) ?? fallback;
      const choice = choices.find((one) => one === value.toLowerCase());
      return choice ?? invalid(name, value, `use ${list(choices)}`);
    },
    duration: (name, fallback, bounds) => readDuration(name, text(name) ?? fallback, bounds),
    retention: (name, fallback) => readRetention(name, text(name) ?? fallback),
  };
}

/** Throws what a person needs to put a setting right. */
export function invalid(name: string, value: string, cure: string): never {
  throw new TaskmirrorError('configuration', `${name}=${clip(value)} is not valid: ${cure}.`);
}

/** The same for a setting whose value must not be shown. */
export function invalidSecret(name: string, problem: string): never {
  throw new TaskmirrorError('configuration', `${name} ${problem}.`);
}

function readSecret(name: string, value: string | null, file: string | null): string | null {
  if (file === null) return value;
  if (value !== null) invalidSecret(name, `and ${name}_FILE are both set: unset one of them`);
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return invalid(`${name}_FILE`, file, `the file can't be read (${reason})`);
  }
  return content || invalid(`${name}_FILE`, file, 'the file is empty');
}

/** A line break in a key or token would end the header that it stands in; CREDENTIALS_KEY goes into none, and may be a list. */
function onOneLine(name: string, value: string | null): string | null {
  if (value === null || name === 'CREDENTIALS_KEY' || !/\p{Cc}/u.test(value)) return value;
  return invalidSecret(
    name,
    `holds a line break or another control character: give the secret alone, on one line (also in ${name}_FILE)`,
  );
}

function readDuration(name: string, value: string, { least, most }: DurationBounds): number {
  const milliseconds = parseDuration(value);
  if (milliseconds === null) return invalid(name, value, `use a duration such as ${DURATION_EXAMPLES}`);
  if (milliseconds >= least && milliseconds <= most) return milliseconds;
  return invalid(name, value, `use at least ${formatDuration(least)} and at most ${formatDuration(most)}`);
}

function readRetention(name: string, value: string): number | null {
  if (value.toLowerCase() === 'forever') return null;
  const milliseconds = parseDuration(value);
  if (milliseconds) return milliseconds;
  return invalid(name, value, 'use a duration such as 90d, or forever');
}

function clip(value: string): string {
  const line = value.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

function list(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
