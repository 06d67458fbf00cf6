import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeWhole } from '../../src/embedded/make-whole.js';
import { systemRuntime } from '../../src/runtime.js';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'taskmirror-whole-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('what fails half done leaves nothing behind', async () => {
  const path = join(parent, 'home');
  const failing = makeWhole(path, systemRuntime, async (folder) => {
    writeFileSync(join(folder, 'half'), '');
    throw new Error('the disk is full');
  });
  await expect(failing).rejects.toThrow('the disk is full');
  expect(readdirSync(parent)).toEqual([]);
});

test('of several at once the first stays, and the others are content', async () => {
  const path = join(parent, 'home');
  const make = (name: string) =>
    makeWhole(path, systemRuntime, async (folder) => writeFileSync(join(folder, 'maker'), name));
  await Promise.all(['one', 'two', 'three'].map(make));
  expect(['one', 'two', 'three']).toContain(readFileSync(join(path, 'maker'), 'utf8'));
  expect(readdirSync(parent)).toEqual(['home']);
});

test('what a crash left is cleared away once nobody can be at work on it', async () => {
  const path = join(parent, 'home');
  const make = (at: number) => makeWhole(path, { ...systemRuntime, now: () => at }, async () => {});
  await makeWhole(`${path}.new-0123`, systemRuntime, async () => {});
  await make(Date.now() + 60_000);
  expect(existsSync(`${path}.new-0123`)).toBe(true);
  rmSync(path, { recursive: true });
  await make(Date.now() + 3_600_000);
  expect(readdirSync(parent)).toEqual(['home']);
});
