import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './mutations/copy.js';
import { mutations } from './mutations/list.js';
import { mutate, testOf } from './mutations/mutation.js';
import { asTable } from './mutations/table.js';

// What they are for takes minutes: `npm run proof:mutations`. Here only that the list has not aged.

const sources = new Map<string, string>();
const textOf = (file: string): string => {
  const text = sources.get(file) ?? readFileSync(join(ROOT, file), 'utf8');
  sources.set(file, text);
  return text;
};

test.each(mutations)('$invariant, $breaks: the line is there, once', (mutation) => {
  const text = textOf(mutation.file);
  expect(mutate(text, mutation)).not.toBe(text);
});

test.each(mutations)('$invariant, $breaks: the test is there', (mutation) => {
  const { file, name } = testOf(mutation);
  expect(existsSync(join(ROOT, file))).toBe(true);
  // A name may be put together from a table: then the words of the table must stand in the file.
  expect(name).not.toBe('');
  expect(textOf(file)).toContain(name.split(',')[0]);
});

test.each(mutations.filter(({ file }) => file.startsWith('drizzle/')))(
  '$invariant, $breaks: no later migration replaces it',
  ({ file, snippet }) => {
    const statements = (name: string) => textOf(`drizzle/${name}`).split('--> statement-breakpoint');
    const made = statements(file.slice('drizzle/'.length)).find((statement) => statement.includes(snippet));
    const object = objectOf(made ?? '');
    expect(object).not.toBeNull();
    const later = readdirSync(join(ROOT, 'drizzle')).filter(
      (name) => name.endsWith('.sql') && `drizzle/${name}` > file,
    );
    expect(later.filter((name) => statements(name).some((each) => objectOf(each) === object))).toEqual([]);
  },
);

/** What a statement makes: `function sync.guard_task`, `trigger zz_capture_insert invoiced.tasks`. */
function objectOf(statement: string): string | null {
  const made = /CREATE (?:OR REPLACE )?(?:(FUNCTION) ([\w.]+)|(TRIGGER) (\w+)[^;]*? ON ([\w.]+))/i.exec(
    statement,
  );
  return made === null ? null : made.slice(1).filter(Boolean).join(' ').toLowerCase();
}

test('a line that is there no more, or twice, is said', () => {
  const [mutation] = mutations;
  if (mutation === undefined) throw new Error('there are no mutations');
  expect(() => mutate('', mutation)).toThrow(/0 times/);
  expect(() => mutate(mutation.snippet.repeat(2), mutation)).toThrow(/2 times/);
});

test('the table in docs/invariants.md shows the list (npm run proof:mutations -- --list)', () => {
  expect(textOf('docs/invariants.md')).toContain(asTable(mutations));
});

test('each invariant has at least three', () => {
  for (let n = 1; n <= 12; n++) {
    expect(mutations.filter(({ invariant }) => invariant === `I${n}`).length, `I${n}`).toBeGreaterThanOrEqual(
      3,
    );
  }
});
