import type { Cli } from './cli.js';

export type Colour = keyof typeof CODES;

/** Gives a text a colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Colours on a terminal only, and not where NO_COLOR asks for none (no-color.org) or the terminal has none. */
export function paintFor({ output, env }: Pick<Cli, 'output' | 'env'>): Paint {
  const coloured = output.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return coloured ? (colour, text) => `\x1b[${CODES[colour]}m${text}\x1b[0m` : (_, text) => text;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34 } as const;
