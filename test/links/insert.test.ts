import { beforeAll, expect, test } from 'vitest';
import { addRule, linksOf, settle } from './desk.js';
import { openGround } from './ground.js';

const { world, atInvoiced, atFreshbooks } = openGround();
const left = new Map<string, string>();
const right = new Map<string, string>();
beforeAll(async () => {
  for (const name of ['One', 'Two', 'Gone']) {
    atInvoiced().create({ name });
    atFreshbooks().createTask({ name });
  }
  await settle(world());
  const { sql } = world();
  await sql`delete from freshbooks.tasks where name = 'Gone'`;
  for (const { name, row_id } of await sql`select name, row_id::text from invoiced.tasks`)
    left.set(name, row_id);
  for (const { name, row_id } of await sql`select name, row_id::text from freshbooks.tasks`)
    right.set(name, row_id);
});

/** What the database says of such a link, with its hint. */
async function refusal(
  leftRow: string | undefined,
  rightRow: string | undefined,
  rule: string | null = null,
) {
  const row = { left_row_id: leftRow ?? null, right_row_id: rightRow ?? null, rule };
  return world().sql`insert into sync.links ${world().sql(row)}`.then(
    () => 'it was taken',
    ({ message, hint }: { message: string; hint?: string }) => `${message} | ${hint}`,
  );
}

test('a link that makes no sense is refused, with the row and what to do', async () => {
  const { sql } = world();
  await addRule(world(), 'elsewhere', { invoiced_connection: 'second' });
  const [one, two] = [left.get('One'), left.get('Two')];
  const [there, other, gone] = [right.get('One'), right.get('Two'), right.get('Gone')];
  expect(await refusal(one, undefined)).toMatch(/joins two rows \| Write left_row_id/);
  expect(await refusal(there, other)).toMatch(`row ${there} is none of invoiced.tasks |`);
  expect(await refusal(one, '999999')).toMatch('row 999999 is none of freshbooks.tasks |');
  expect(await refusal(one, gone)).toMatch(
    `row ${gone} of freshbooks.tasks is deleted | Set its vis_state to 0`,
  );
  expect(await refusal(one, there, 'nobody')).toMatch(
    /there is no rule nobody \| taskmirror links rules lists/,
  );
  expect(await refusal(one, there, 'elsewhere')).toMatch(
    `row ${one} is of connection invoiced, and rule elsewhere is about second | Link a row of that connection`,
  );
  expect(await refusal(one, there)).toBe('it was taken');
  const [{ link_id: link } = { link_id: '' }] = await linksOf(world());
  const taken = `already | A row is in one link at most: end that one first, with taskmirror links remove ${link}.`;
  expect(await refusal(one, there)).toMatch(`row ${one} is in link ${link} ${taken}`);
  expect(await refusal(two, there)).toMatch(`row ${there} is in link ${link} ${taken}`);
  await expect(sql`update sync.links set base = null`).rejects.toThrow(
    `link ${link}: only the worker changes a link`,
  );
});
