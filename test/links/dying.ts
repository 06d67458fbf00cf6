import type { Database, Executor } from '../../src/mirror/database.js';

/** A worker that dies before its statement of this number: what it had not committed is taken back, and it does nothing more. */
export function dying(db: Database, at: number): Database & { readonly died: () => boolean } {
  let count = 0;
  const step = () => {
    count += 1;
    if (count >= at) throw Object.assign(new Error('killed'), { code: '57P01' });
  };
  const wrap = (executor: Executor): Executor => ({
    rows: async (query) => {
      step();
      return executor.rows(query);
    },
    row: async (query) => {
      step();
      return executor.row(query);
    },
  });
  return {
    get url() {
      return db.url;
    },
    ...wrap(db),
    // Killed right before the commit, too.
    transaction: (work) =>
      db.transaction(async (tx) => {
        const result = await work(wrap(tx));
        step();
        return result;
      }),
    close: () => db.close(),
    died: () => count >= at,
  };
}
