import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { TaskmirrorError } from '../errors.js';
import type { Cli } from './cli.js';
import { Interruption } from './interruption.js';

/** Questions to whoever types, or to a pipe: one line each. Questions go to standard error, so that results can be piped on. */
export interface Asking {
  line(question: string): Promise<string>;
  /** What is typed is not shown. */
  secret(question: string): Promise<string>;
  close(): void;
}

export function openAsking({ input, errors, signal }: Cli): Asking {
  const terminal = input.isTTY === true;
  let hidden = false;
  const echo = new Writable({
    write: (chunk, _, done) => {
      if (!hidden) errors.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input, output: echo, terminal, historySize: 0 });
  const lines = reader[Symbol.asyncIterator]();
  const close = () => reader.close();
  let left = false;
  // On a terminal Ctrl-C is a key, not a signal.
  reader.on('SIGINT', () => {
    left = true;
    close();
  });
  signal.addEventListener('abort', close, { once: true });

  const ask = async (question: string, hide: boolean): Promise<string> => {
    errors.write(question);
    hidden = hide;
    const { value, done } = await lines.next();
    hidden = false;
    // Nobody has ended the line: what is hidden is not shown, and neither is what comes from a pipe.
    if (hide || !terminal) errors.write('\n');
    if (left) throw new Interruption('SIGINT');
    signal.throwIfAborted();
    if (done) {
      throw new TaskmirrorError(
        'usage',
        `There is no answer to "${question.trim()}": type it, or pipe it in.`,
      );
    }
    return value.trim();
  };
  return {
    line: (question) => ask(question, false),
    secret: (question) => ask(question, true),
    close: () => {
      signal.removeEventListener('abort', close);
      close();
    },
  };
}

/** A secret from a file (`-`: standard input), else asked for. `what` names it: `the API key`. */
export async function readSecret(asking: Asking, file: string | undefined, what: string): Promise<string> {
  const secret =
    file === undefined || file === '-'
      ? await asking.secret(`${what[0]?.toUpperCase()}${what.slice(1)} (it is not shown): `)
      : (await contentOf(file)).trim();
  if (!secret) throw new TaskmirrorError('usage', `${what} is empty: nothing was stored.`);
  if (/\s/.test(secret)) {
    throw new TaskmirrorError(
      'usage',
      `${what} has white space within: nothing was stored. Give it alone, on one line.`,
    );
  }
  return secret;
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TaskmirrorError(
      'usage',
      `${file} can't be read (${code}): name a file that holds the secret, or - for standard input.`,
      {
        cause: error,
      },
    );
  }
}
