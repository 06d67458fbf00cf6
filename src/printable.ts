/**
 * What must not reach a terminal or a line of a log as it is: control characters (C1's among them, U+009B begins a command too),
 * what ends a line elsewhere, and what turns the direction of the text behind it.
 */
const UNPRINTABLE = '\\p{Cc}\\p{Zl}\\p{Zp}\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff';
const ANY = new RegExp(`[${UNPRINTABLE}]`, 'gu');
/** All but those that JSON has escaped already, or that stand between its parts. */
const LEFT_BY_JSON = new RegExp(`(?![\\0-\\x1f])[${UNPRINTABLE}]`, 'gu');

/** Text from elsewhere, for a person: what can't be shown is a `?`. */
export function printable(text: string): string {
  return text.replace(ANY, '?');
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text.replace(/\r?\n/g, '⏎'));
}

/** A JSON text that means the same and holds no such character: each is escaped. */
export function plainJson(json: string): string {
  return json.replace(LEFT_BY_JSON, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
