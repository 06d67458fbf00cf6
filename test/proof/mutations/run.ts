import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startOwnPostgres } from '../../servers/postgres.js';
import { startRedis } from '../../servers/redis.js';
import { copyProject, ROOT } from './copy.js';
import { mutations } from './list.js';
import { type Mutation, placeOf, testOf } from './mutation.js';
import { asTable } from './table.js';
import { runTests } from './vitest.js';

/**
 * `npm run proof:mutations [-- --only I3 --file src/merge]`: takes each enforcing line away, in a copy of the project, and expects the
 * test that is named for it to fail. Ends with 1 where one survives. `--list` only prints the table of docs/invariants.md.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    file: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
  },
});
const chosen = mutations.filter(
  ({ invariant, file }) =>
    (values.only === '' || values.only.split(',').includes(invariant)) && file.includes(values.file),
);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.list) {
  say(asTable(mutations));
  process.exit(0);
}
const [server, redis, copy] = await Promise.all([
  startOwnPostgres({ inMemory: true }),
  startRedis(),
  copyProject(),
]);
const env = { TEST_DATABASE_URL: server.adminUrl, TEST_REDIS_URL: redis.url };
const wanting: string[] = [];
try {
  const files = [...new Set(chosen.map((mutation) => testOf(mutation).file))];
  say(`${chosen.length} mutations. First their tests as they are, in ${files.length} files ...`);
  const names = [...new Set(chosen.map((mutation) => testOf(mutation).name))];
  const whole = await runTests(copy.folder, files, { names, env, bail: false });
  const passed = [...whole.passed];
  for (const { file, name } of distinct(chosen)) {
    if (whole.failed.some((each) => each.includes(name))) {
      // On a busy machine: once more, alone.
      const alone = await runTests(copy.folder, [file], { names: [name], env, bail: false });
      for (const failed of alone.failed) wanting.push(`fails with nothing taken away: ${failed}`);
      passed.push(...alone.passed);
    }
    if (!passed.some((each) => each.includes(name)))
      wanting.push(`${file} has no test that passes and is named "${name}"`);
  }
  if (wanting.length === 0) for (const mutation of chosen) await judge(mutation);
} finally {
  await Promise.all([copy.close(), redis.stop(), server.stop()]);
}
say('');
say(
  wanting.length === 0
    ? `${chosen.length} mutations, each of them killed; 0 survivors`
    : `${wanting.length} of ${chosen.length} wanting:\n${wanting.map((line) => `  ${line}`).join('\n')}`,
);
process.exitCode = wanting.length === 0 ? 0 : 1;

async function judge(mutation: Mutation): Promise<void> {
  const { file, name } = testOf(mutation);
  const place = placeOf(await readFile(join(ROOT, mutation.file), 'utf8'), mutation);
  const title = `${mutation.invariant.padEnd(4)}${place}: ${mutation.breaks}`;
  const began = performance.now();
  const ended = await copy.under(mutation, () =>
    runTests(copy.folder, [file], { names: [name], env, bail: true }),
  );
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const [killer] = ended.failed;
  if (ended.broken !== null)
    wanting.push(`${title}: proves nothing, since it broke the tests: ${ended.broken}`);
  else if (killer === undefined) wanting.push(`${title}: survives ${file}, ${name}`);
  const outcome =
    ended.broken !== null ? 'BROKEN' : killer === undefined ? 'SURVIVES' : `killed by ${file}: ${killer}`;
  say(`${title}\n      ${outcome} (${seconds} s)${ended.why === '' ? '' : `\n      ${ended.why}`}`);
}

function distinct(chosen: readonly Mutation[]): ReturnType<typeof testOf>[] {
  return [...new Map(chosen.map((mutation) => [mutation.killedBy, testOf(mutation)])).values()];
}
