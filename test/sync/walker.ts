/** A worker in a process of its own, to be killed: walks one connection, whose account is given as JSON. */
import { pino } from 'pino';
import { databaseNow, openDatabase } from '../../src/mirror/database.js';
import { createSealer } from '../../src/mirror/sealing.js';
import { systemRuntime } from '../../src/runtime.js';
import { type Account, openSource } from '../../src/sources/index.js';
import { createPerform } from '../../src/sync/perform.js';
import { createTokenStore } from '../../src/sync/tokens.js';
import type { Work } from '../../src/sync/work.js';

const [url = '', account = '', work = ''] = process.argv.slice(2);
const db = openDatabase(url, { applicationName: 'taskmirror walker' });
const perform = createPerform({
  db,
  runtime: systemRuntime,
  log: pino({ level: 'silent' }),
  policy: 'remote',
  deleteLimit: 0.2,
  push: { enabled: false, quietMs: 0, boundMs: 0, finishedAfterMs: 0 },
  walkSliceMs: 60_000,
  account: () => JSON.parse(account) as Account,
  open: (opened, share) =>
    openSource(opened, {
      runtime: systemRuntime,
      observe: () => databaseNow(db),
      share,
      tokens: createTokenStore(db, createSealer([new Uint8Array(32).fill(7)]), 'freshbooks'),
    }),
});
await perform(JSON.parse(work) as Work, new AbortController().signal, () => {});
