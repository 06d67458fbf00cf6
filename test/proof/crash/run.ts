import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * `npm run crash -- --seed 1 --times 1000`: kills so many workers at points drawn from the seed (lives.ts). `npm run crash -- --points`:
 * kills one at each named point of poll, walk and push at both APIs (points.ts), of a token's refresh, and a migration at each of its steps.
 * `npm run crash -- --tokens --seed 1 --times 200`: so many refreshes by processes that are killed (tokens.ts).
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    times: { type: 'string', default: '1000' },
    points: { type: 'boolean', default: false },
    tokens: { type: 'boolean', default: false },
  },
});
const { seed, times } = values;
const [files, env] = values.points
  ? [
      [
        'test/proof/crash-points.test.ts',
        'test/proof/crash-migrate.test.ts',
        'test/sync/crash-tokens.test.ts',
      ],
      { CRASH_POINTS: 'all' },
    ]
  : values.tokens
    ? [['test/proof/crash-tokens.test.ts'], { CRASH_SEED: seed, CRASH_ROUNDS: times }]
    : [['test/sync/crash.test.ts'], { CRASH_SEED: seed, CRASH_TIMES: times }];
const tests = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...files], {
  cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, ...env },
});
tests.once('close', (code) => {
  process.exitCode = code ?? 1;
});
