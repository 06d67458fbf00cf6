import { TaskmirrorError } from '../errors.js';

const LONGEST = 2_000;

/**
 * Throws unless a condition is one expression, as far as its letters tell: quotes and brackets that close, and nothing by which it could end
 * the statement that it is put into, hide the rest of it, or stand for something else. PostgreSQL says the rest: see `checkCondition`.
 */
export function assertOneExpression(condition: string, where: string): void {
  const refuse = (why: string) =>
    new TaskmirrorError(
      'usage',
      `${where}: ${why}. Write one condition, such as "action = 'phone' and not complete".`,
    );
  if (condition.trim() === '') throw refuse('it is empty');
  if (condition.length > LONGEST) throw refuse(`it is longer than ${LONGEST} letters`);
  const open: string[] = [];
  for (let at = 0; at < condition.length; at += 1) {
    const letter = condition[at] ?? '';
    const next = condition[at + 1] ?? '';
    if (letter === "'" || letter === '"') {
      // E'…' and U&'…' read backslashes: where they end depends on what is in them.
      if (/[\w&]/.test(condition[at - 1] ?? '')) throw refuse(`a letter stands before the quote ${letter}`);
      const end = endOfQuote(condition, at);
      if (end < 0) throw refuse(`the quote ${letter} is not closed`);
      at = end;
    } else if (letter === ';') throw refuse('it holds a semicolon');
    else if (letter + next === '--' || letter + next === '/*' || letter + next === '*/')
      throw refuse('it holds a comment');
    else if (letter === '$' || letter === '\\') throw refuse(`it holds ${letter}`);
    else if (letter === '(' || letter === '[') open.push(letter);
    else if (letter === ')' || letter === ']') {
      if (open.pop() !== (letter === ')' ? '(' : '[')) throw refuse(`${letter} closes nothing`);
    } else if (letter < ' ' && !/\s/.test(letter)) throw refuse('it holds a control character');
  }
  if (open.length > 0) throw refuse(`${open.at(-1)} is not closed`);
}

/** Where the quote that begins here ends; a doubled one stands for itself. Below 0 where it does not. */
function endOfQuote(text: string, from: number): number {
  const quote = text[from] ?? '';
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] !== quote) continue;
    if (text[at + 1] !== quote) return at;
    at += 1;
  }
  return -1;
}
