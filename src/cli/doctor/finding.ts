/** What one check has found. `failed` is for what stops the work, `warning` for what may bite later. */
export interface Finding {
  readonly check: 'configuration' | 'database' | 'queue' | 'secrets' | 'account' | 'clock';
  /** What was looked at: a setting, a server, a connection. */
  readonly subject: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  /** What to do about it; null where there is nothing to do. */
  readonly cure: string | null;
}

/** Makes the findings of one check. */
export function findingsOf(check: Finding['check']) {
  return {
    ok: (subject: string, message: string): Finding => ({ check, subject, state: 'ok', message, cure: null }),
    skipped: (subject: string, message: string, cure: string | null = null): Finding => ({
      check,
      subject,
      state: 'skipped',
      message,
      cure,
    }),
    warning: (subject: string, message: string, cure: string): Finding => ({
      check,
      subject,
      state: 'warning',
      message,
      cure,
    }),
    failed: (subject: string, message: string, cure: string): Finding => ({
      check,
      subject,
      state: 'failed',
      message,
      cure,
    }),
  };
}
