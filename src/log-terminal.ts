import type { LogOutput } from './log.js';
import { printable } from './printable.js';

const COLOURS: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  fatal: 31,
};
const PLAIN = new Set(['level', 'time', 'service', 'msg', 'err']);

/** Turns pino's JSON into lines for a person: `14:03:07 info  poll done connection=invoiced rows=12`. */
export function terminalLines(output: LogOutput): { write(line: string): void } {
  return {
    write: (line) => {
      output.write(`${readable(JSON.parse(line))}\n`);
    },
  };
}

function readable(entry: Record<string, unknown>): string {
  const level = String(entry['level']);
  const time = String(entry['time']).slice(11, 19);
  const values = Object.entries(entry).filter(([key]) => !PLAIN.has(key));
  return [
    `\x1b[90m${time}\x1b[0m`,
    `\x1b[${COLOURS[level] ?? 0}m${level.padEnd(5)}\x1b[0m`,
    textOf(entry['msg'] ?? ''),
    ...values.map(([key, value]) => `\x1b[90m${key}=\x1b[0m${textOf(value)}`),
    ...(entry['err'] ? [describe(entry['err'])] : []),
  ].join(' ');
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return textOf(error);
  const stack = 'stack' in error && typeof error.stack === 'string' ? error.stack : null;
  const message = 'message' in error ? textOf(error.message) : '';
  if (stack === null) return `(${message})`;
  const type = 'type' in error ? textOf(error.type) : 'Error';
  // The stack begins with the message, whose own lines could pass for lines of the log.
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return `\n${[`${type}: ${message}`, ...frames.map(printable)].join('\n')}`;
}

function textOf(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
