import { printable } from '../printable.js';

/** Numbers and times as a person reads them. */

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** `0 s`, `12 s`, `5 m 3 s`, `2 h 5 m`, `3 d 1 h`: the two largest units. Never below zero. */
export function span(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    // What comes after the largest unit is the next smaller one or nothing.
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.join(' ') || '0 s';
}

/** `12 s ago`, or `never`. Both in milliseconds since 1970. */
export function ago(at: number | null, now: number): string {
  return at === null ? 'never' : `${span((now - at) / 1_000)} ago`;
}

/** `1,234,567` */
export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 task`, `2 tasks` */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${number(count)} ${count === 1 ? thing : things}`;
}

/** Breaks a text, which may be another's, into lines of at most `width` letters, at blanks; a longer word stands alone. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text.replace(/\s+/g, ' ')).split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, line] : lines;
}
