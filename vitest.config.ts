import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Vitest begins with the largest files, for the longest ones; these are small, and would keep one worker busy when the others are done. */
const SMALL_AND_LONG = /\/test\/(proof\/|daemon\/budgets|cli\/resync-processes)/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => SMALL_AND_LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers/global-setup.ts'],
    pool: 'forks',
    // A file shares its process and its modules with others, since to load them anew takes a third of the whole time: none may leave anything
    // behind in them.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Most files wait for servers rather than for the processor.
    maxWorkers: 3,
    // For a machine that is busy besides: how quick something must be is asserted where it matters.
    testTimeout: 60_000,
    hookTimeout: 90_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
