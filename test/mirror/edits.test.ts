import { expect, onTestFinished, test } from 'vitest';
import { listenForEdits } from '../../src/mirror/edits.js';
import { createTestDatabase, until } from '../servers/index.js';

test('who begins to listen is told at once, since an edit may have been made before', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  let told = 0;
  const listening = await listenForEdits(database.url, () => {
    told += 1;
  });
  onTestFinished(() => listening.close());
  await until('it is told without an edit', () => told > 0);
  expect(told).toBe(1);
});
