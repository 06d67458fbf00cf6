#!/usr/bin/env node
import { listenForSignals } from './cli/interruption.js';
import { reportError } from './cli/report-error.js';
import { runCli } from './cli/run.js';
import { systemRuntime } from './runtime.js';

/** How long what was left open may keep the process from ending. */
const LINGER_MS = 500;

// Node would print the error as it is, secrets included.
process.on('uncaughtException', (error) => {
  reportError(error, process.stderr, process.env);
  process.exit(1);
});

const interruption = listenForSignals(process, systemRuntime);
process.exitCode = await runCli(process.argv.slice(2), {
  folder: process.cwd(),
  env: process.env,
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  signal: interruption.signal,
  runtime: systemRuntime,
});
interruption.close();
setTimeout(() => process.exit(), LINGER_MS).unref();
