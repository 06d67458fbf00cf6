/** The errors that a person is told in one line. Everything else is a fault of ours and keeps its stack. */

export type ErrorCode = 'usage' | 'configuration' | 'unavailable' | 'refused' | 'failed';

/** What happened, to which setting, row or account, and what to do about it. */
export class TaskmirrorError extends Error {
  override readonly name = 'TaskmirrorError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** 2 for wrong usage, configuration and servers that can't be reached; 1 where the work itself failed. */
export function exitCodeOf(error: unknown): 1 | 2 {
  if (!(error instanceof TaskmirrorError)) return 1;
  return error.code === 'failed' || error.code === 'refused' ? 1 : 2;
}
