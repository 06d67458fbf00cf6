import { expect, it } from 'vitest';
import { people } from '../../src/sandbox/index.js';
import { serve } from './serve.js';

it('lets people do one act a step, and names the task', async () => {
  await using served = await serve({ invoiced: { tasks: 100 }, freshbooks: { tasks: 100 } });
  const step = people(served);
  const lines = Array.from({ length: 400 }, () => {
    served.clock.advance(1_000);
    return step();
  });
  for (const line of lines) expect(line).toMatch(/^(Invoiced|FreshBooks) \d+ [a-z ]+: .+$/);
  const acts = new Set(lines.map((line) => line.replace(/ \d+ /, ' ').replace(/:.*/, '')));
  expect([...acts].sort()).toEqual([
    'FreshBooks archived',
    'FreshBooks billable or not',
    'FreshBooks deleted',
    'FreshBooks described',
    'FreshBooks new',
    'FreshBooks new rate',
    'FreshBooks restored',
    'FreshBooks touched by its project',
    'Invoiced completed',
    'Invoiced deleted',
    'Invoiced due later',
    'Invoiced handed over',
    'Invoiced new',
    'Invoiced renamed',
    'Invoiced reopened',
  ]);
});

it('lets them begin where there is nothing', async () => {
  await using served = await serve();
  const step = people(served);
  for (let at = 0; at < 20; at += 1) step();
  expect(served.invoiced.people.count()).toBeGreaterThan(0);
  expect(served.freshbooks.people.count()).toBeGreaterThan(0);
});

it('lets the same seed give the same day', async () => {
  const day = async () => {
    await using served = await serve({ seed: 9, invoiced: { tasks: 10 }, freshbooks: { tasks: 10 } });
    return Array.from({ length: 30 }, people(served));
  };
  expect(await day()).toEqual(await day());
});
