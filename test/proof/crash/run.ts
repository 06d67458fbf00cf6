import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** `npm run crash -- --seed 1 --times 1000`: kills so many workers at steps drawn from the seed. See lives.ts. */
const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, times: { type: 'string', default: '1000' } },
});
const tests = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/sync/crash.test.ts'], {
  cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, CRASH_SEED: values.seed, CRASH_TIMES: values.times },
});
tests.once('close', (code) => {
  process.exitCode = code ?? 1;
});
