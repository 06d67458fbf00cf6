import { expect, onTestFinished, test } from 'vitest';
import { databaseNow } from '../../../src/mirror/database.js';
import { sources } from '../../../src/sources/index.js';
import { judge } from '../../../src/sync/verify/judge.js';
import { connections, expectOutcome, openWorld } from '../world.js';

test.each(connections)('%s: an answer that a push overtakes is no difference', async (connection) => {
  const world = await openWorld({ sandbox: { invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } } });
  onTestFinished(() => world.close());
  expectOutcome(await world.walk(connection), 'ok');
  const { context, sql, db } = world;
  const [row] =
    await sql`select id::int from ${sql(connection)}.tasks where vis_state = 0 order by id limit 1`;
  const id = Number(row?.['id']);
  const account = context.account(connection);
  if (account === null) throw new Error('there is no account');
  const client = context.open(account, 'walk', connection);
  onTestFinished(() => client.close());
  let reads = 0;
  const overtaken: typeof client = {
    ...client,
    read: async (asked, signal) => {
      const answer = await client.read(asked, signal);
      if (++reads === 1) {
        await sql`update ${sql(connection)}.tasks set name = 'Edited and sent' where id = ${id}`;
        expectOutcome(await world.push(connection), 'ok');
      }
      return answer;
    },
  };
  const bench = {
    context,
    source: sources[connection],
    connection,
    client: overtaken,
    startedAt: await databaseNow(db),
    unreadable: new Set<string>(),
  };
  expect(await judge(bench, id, new AbortController().signal)).toEqual({ is: 'equal' });
  expect(reads).toBe(2);
});
