import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingsRead } from '../config/settings-read.js';

const read = settingsRead();

test.each(['README.md', 'docs/operating.md'])('%s tells every setting, and no other', (path) => {
  const named = [...tableOf(path).keys()].filter((name) => name !== 'NODE_ENV');
  expect(named.sort()).toEqual(read.map(({ name }) => name).sort());
});

test('both tables give the same defaults', () => {
  const [short, long] = [tableOf('README.md'), tableOf('docs/operating.md')];
  for (const [name, { fallback }] of short)
    expect(`${name} ${fallback}`).toBe(`${name} ${long.get(name)?.fallback}`);
});

test('the long one marks those that may come from a file', () => {
  const marked = [...tableOf('docs/operating.md')].filter(([, { secret }]) => secret).map(([name]) => name);
  expect(marked.sort()).toEqual(read.flatMap(({ name, secret }) => (secret ? [name] : [])).sort());
});

/** The page's table of settings. A row may hold several, with their defaults in the same order. */
function tableOf(path: string): Map<string, { fallback: string; secret: boolean }> {
  const [, table = ''] =
    /\| (?:variable|setting) \| default \|.*\n((?:\|.*\n)+)/.exec(readFileSync(path, 'utf8')) ?? [];
  const rows = table.matchAll(/^\| ((?:`[A-Z_]+`(?: \*)?(?:, )?)+) \| (.*?) ?\|/gm);
  const found = new Map<string, { fallback: string; secret: boolean }>();
  for (const [, names = '', defaults = ''] of rows) {
    const each = defaults.split(/, ?/);
    for (const [at, text] of names.split(', ').entries()) {
      const name = text.replace(/[` *]/g, '');
      expect([...found.keys()], `${path} tells it twice`).not.toContain(name);
      found.set(name, { fallback: (each[at] ?? '').trim(), secret: text.includes('*') });
    }
  }
  return found;
}
