import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers/global-setup.ts'],
    pool: 'forks',
    // A file shares its process and its modules with others, since to load them anew takes a third of the whole time: none may leave anything
    // behind in them.
    isolate: false,
    // Most files wait for servers rather than for the processor.
    maxWorkers: 3,
    // For a machine that is busy besides: how quick something must be is asserted where it matters.
    testTimeout: 60_000,
    hookTimeout: 90_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
