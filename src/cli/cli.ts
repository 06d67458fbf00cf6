import type { Readable, Writable } from 'node:stream';
import type { Config } from '../config/config.js';
import { withEnvFile } from '../config/environment.js';
import { readConfig } from '../config/read-config.js';
import type { Environment } from '../config/settings.js';
import type { Runtime } from '../runtime.js';

/** Standard input; `isTTY` where a person types. */
export type Input = Readable & { readonly isTTY?: boolean };

/** Standard output or error; `isTTY` where a person reads. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What a verb has of the world around it. */
export interface Cli {
  /** The current folder: `.env` and `.taskmirror/` are there. */
  readonly folder: string;
  /** As the process was given it, without `.env`: see `configOf`. */
  readonly env: Environment;
  readonly input: Input;
  /** For results; what a person should know besides goes to `errors`. */
  readonly output: Output;
  readonly errors: Output;
  /** Aborts with an `Interruption` on Ctrl-C, SIGTERM, SIGHUP, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
  readonly runtime: Runtime;
  /** Sets the exit code of a verb that did its work: 0 unless told. */
  finish(code: number): void;
}

/** The settings of the environment and of `.env`. What looks mistyped is told on the way. */
export function configOf(cli: Cli): Config {
  const config = readConfig(withEnvFile(cli.folder, cli.env));
  for (const warning of config.warnings) cli.errors.write(`taskmirror: ${warning}\n`);
  return config;
}
