import { expect, test } from 'vitest';
import { connections } from '../sync/world.js';
import { run } from './command.js';
import { mirrored } from './mirrored.js';

const EVIL = 'a\x1b[2J\u009b2J\x1b]0;owned\x07\r\nb\u2028c\u202ed\u2066e\x7f';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
const COMMANDING = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

test('names and errors of other people never command the terminal, whatever verb shows them', async () => {
  const { world, env, rows } = await mirrored();
  for (const connection of connections) {
    const [row = '0'] = await rows(connection, 1);
    await world.sql`update ${world.sql(connection)}.tasks set name = ${EVIL} where row_id = ${row}`;
    await world.sql`
      insert into sync.conflicts (connection, row_id, field, base, local, remote, winner, reason)
      values (${connection}, ${row}, 'name', ${world.sql.json(EVIL)}, ${world.sql.json(EVIL)}, ${world.sql.json(`${EVIL}!`)}, 'remote', ${EVIL})`;
    await world.sql`update sync.connections set problem = ${EVIL} where name = ${connection}`;
    await world.sql`insert into sync.unreadable (connection, task_id, reason) values (${connection}, ${EVIL}, ${EVIL})`;
  }
  const failing = `select name::int from invoiced.tasks where name like 'a%'`;
  const lines = [
    ['status'],
    ['plan'],
    ['connections'],
    ['conflicts'],
    ['conflicts', 'show', '1'],
    ['sql', `select name as "${EVIL}" from invoiced.tasks where name like 'a%'`],
    ['sql', 'select * from sync.unreadable'],
    ['sql', failing],
    ['conflicts', 'restore', '1'],
    ['resync', '--connection', EVIL],
    [EVIL],
    ['status', `--${EVIL}`],
  ];
  for (const line of lines) {
    const { output, errors } = await run(line, { env });
    expect([line, output + errors]).toEqual([line, expect.not.stringMatching(COMMANDING)]);
    expect(output + errors).not.toBe('');
  }
  for (const line of [
    ['status'],
    ['plan'],
    ['connections'],
    ['conflicts'],
    ['sql', 'select name from invoiced.tasks'],
  ]) {
    const { output } = await run([...line, '--json'], { env });
    expect([line, output]).toEqual([line, expect.not.stringMatching(COMMANDING)]);
    const told = JSON.stringify(JSON.parse(output));
    if (line[0] !== 'connections') expect(told).toContain(JSON.stringify(EVIL).slice(1, -1));
  }
});

test('what is typed is data: no name, number or search text becomes SQL', async () => {
  const { world, env } = await mirrored();
  const before = await world.sql`select count(*)::int as count from invoiced.tasks`;
  const injections = [
    "invoiced'; drop table invoiced.tasks; --",
    "' or '1'='1",
    '1; drop table invoiced.tasks',
    '$$; drop table invoiced.tasks; $$',
    '1e3',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    `${'9'.repeat(400)}`,
  ];
  for (const text of injections) {
    for (const line of [
      ['resync', '--connection', text],
      ['resync', '--since', text],
      ['plan', '--connection', text],
      ['pause', text],
      ['resume', text],
      ['retry', text],
      ['retry', '--all', '--connection', text],
      ['conflicts', 'show', text],
      ['conflicts', 'restore', text],
      ['conflicts', '--limit', text],
    ]) {
      const { code, errors } = await run(line, { env });
      expect([line, code, errors]).toEqual([line, 2, expect.stringMatching(/^taskmirror: [^\n]*\n$/)]);
    }
  }
  expect(await world.sql`select count(*)::int as count from invoiced.tasks`).toEqual(before);
});
