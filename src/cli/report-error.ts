import type { Environment } from '../config/settings.js';
import { TaskmirrorError } from '../errors.js';
import { messageOf } from '../log.js';
import { printable } from '../printable.js';
import { scrub } from '../scrub.js';

/** One line for a person. The stack of what we did not foresee is shown at LOG_LEVEL=debug only. */
export function reportError(
  error: unknown,
  output: { write(text: string): unknown },
  env: Environment,
): void {
  const known = error instanceof TaskmirrorError;
  const debugging = env['LOG_LEVEL'] === 'debug' || env['LOG_LEVEL'] === 'trace';
  const hint = known || debugging ? '' : ' (LOG_LEVEL=debug shows where)';
  output.write(`taskmirror: ${printable(oneLine(messageOf(error)))}${hint}\n`);
  if (!debugging) return;
  for (let each = error; each instanceof Error; each = each.cause)
    output.write(
      `${scrub(each.stack ?? '')
        .split('\n')
        .map(printable)
        .join('\n')}\n`,
    );
}

export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
