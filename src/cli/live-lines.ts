import type { Cli } from './cli.js';

/** Lines that are drawn again in place on a terminal, and that go by one after another elsewhere. */
export interface LiveLines {
  /** Draws all lines anew, on a terminal; does nothing elsewhere. */
  draw(lines: readonly string[]): void;
  /** Writes a line that stays: above the drawn ones on a terminal. */
  say(line: string): void;
  /** Leaves what is drawn, and begins a new line below. */
  end(): void;
}

export function liveLines(output: Cli['output']): LiveLines {
  if (!output.isTTY) {
    return { draw: () => {}, say: (line) => void output.write(`${line}\n`), end: () => {} };
  }
  let drawn: readonly string[] = [];
  const back = () => (drawn.length === 0 ? '' : `\x1b[${drawn.length}A\r`) + CLEAR_BELOW;
  const paint = (above: string, lines: readonly string[]) => {
    // A line that wraps, or one below the screen's end, could not be found again.
    const fitting = lines
      .slice(0, Math.max(1, (output.rows || 24) - 1))
      .map((line) => cut(line, output.columns || 80));
    output.write(back() + above + fitting.map((line) => `${line}\n`).join(''));
    drawn = fitting;
  };
  return {
    draw: (lines) => paint('', lines),
    say: (line) => paint(`${line}\n`, drawn),
    end: () => {
      drawn = [];
    },
  };
}

const CLEAR_BELOW = '\x1b[J';

/** Cuts to a width in letters. Colours (`\x1b[…m`) take no room and are ended. */
function cut(line: string, width: number): string {
  let room = width - 1;
  let kept = '';
  for (const [piece, colour] of line.matchAll(PIECES)) {
    if (colour === undefined && room-- <= 0) return `${kept}\x1b[0m`;
    kept += piece;
  }
  return kept;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const PIECES = /(\x1b\[[\d;]*m)|./gsu;
