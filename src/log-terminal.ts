import type { LogOutput } from './log.js';

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
    printable(entry['msg'] ?? ''),
    ...values.map(([key, value]) => `\x1b[90m${key}=\x1b[0m${printable(value)}`),
    ...(entry['err'] ? [describe(entry['err'])] : []),
  ].join(' ');
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return printable(error);
  const stack = 'stack' in error && typeof error.stack === 'string' ? error.stack : null;
  const message = 'message' in error ? printable(error.message) : '';
  return stack ? `\n${stack.split('\n').map(printable).join('\n')}` : `(${message})`;
}

/** Names of tasks come from elsewhere: control characters must not reach the terminal. */
function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
