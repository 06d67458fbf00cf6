import { CommanderError } from 'commander';
import { exitCodeOf } from '../errors.js';
import type { Cli } from './cli.js';
import { EXIT_CODES, Interruption } from './interruption.js';
import { makeProgram } from './program.js';
import { reportError } from './report-error.js';

/**
 * Runs one command line and gives the exit code: 0 done, 1 the work failed or differs, 2 wrong usage or configuration,
 * 130 after Ctrl-C. What went wrong has been written by then.
 */
export async function runCli(args: readonly string[], world: Omit<Cli, 'finish'>): Promise<number> {
  let code = 0;
  const cli: Cli = {
    ...world,
    finish: (chosen) => {
      code = chosen;
    },
  };
  try {
    const program = await makeProgram(args, cli);
    // While it was loaded, too, somebody may have stopped it.
    world.signal.throwIfAborted();
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    code = codeOfFailure(error, cli);
  }
  const reason = world.signal.reason;
  return reason instanceof Interruption && reason.by === 'SIGINT' ? EXIT_CODES.SIGINT : code;
}

function codeOfFailure(error: unknown, { signal, errors, env }: Cli): number {
  // It has written its line, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  // What a stop breaks off is not a fault, whatever words it has for it.
  const stop = error instanceof Interruption ? error : signal.reason;
  if (stop instanceof Interruption) return EXIT_CODES[stop.by];
  reportError(error, errors, env);
  return exitCodeOf(error);
}
