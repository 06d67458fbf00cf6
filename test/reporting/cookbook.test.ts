import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readable } from '../../src/cli/sql/print.js';
import { openSession, type Session } from '../../src/cli/sql/session.js';
import { liveTwoDays, type TwoDays } from './two-days.js';

const PATH = 'docs/reporting.md';
const QUESTION = /^\*\*(\d+)\. (.+?)\*\*[^\n]*\n\n```sql\n([^`]+)```\n\n```text\n([^`]*)```$/gm;

const page = readFileSync(PATH, 'utf8');
const questions = [...page.matchAll(QUESTION)].map(
  ([, number = '', title = '', query = '', printed = '']) => ({
    number: Number(number),
    title,
    query,
    printed,
  }),
);

let days: TwoDays;
let reader: Session;
beforeAll(async () => {
  days = await liveTwoDays();
  reader = await openSession(days.url, 'taskmirror_reader');
  await reader.run(`set time zone 'UTC'`);
});
afterAll(async () => {
  await reader?.close();
  await days?.close();
});

const answer = async (query: string): Promise<string> =>
  `${(await reader.run(query)).map(readable).join('\n')}\n`;

test('the page has twenty questions, each with its answer', () => {
  expect(questions.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(page.match(/^```text$/gm)).toHaveLength(20);
});

// COOKBOOK_WRITE=1 npx vitest run test/reporting/cookbook.test.ts writes the answers anew.
if (process.env['COOKBOOK_WRITE']) {
  test('the answers are written into the page', async () => {
    let written = page;
    for (const { query, printed } of questions) {
      const block = (text: string) => `${query}\`\`\`\n\n\`\`\`text\n${text}\`\`\``;
      written = written.replace(block(printed), block(await answer(query)).replaceAll('$', '$$$$'));
    }
    writeFileSync(PATH, written);
  });
} else {
  test.each(questions)('$number. $title', async ({ query, printed }) => {
    expect(await answer(query)).toBe(printed);
  });
}
