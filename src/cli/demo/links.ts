import { addRule } from '../../links/save-rule.js';
import type { Database } from '../../mirror/database.js';
import { type LinkRule, listRules } from '../../mirror/link-rules.js';
import { listLinks } from '../../mirror/list-links.js';
import type { Runtime } from '../../runtime.js';
import type { Activity } from './activity.js';
import type { Demo } from './demo.js';

/** Each call that somebody means to make is a billable service in FreshBooks, and is archived there when it was made. */
const DUNNING_CALL: LinkRule = {
  name: 'dunning-call',
  invoicedConnection: 'invoiced',
  freshbooksConnection: 'freshbooks',
  // Those that people plan from now on: a demo's seed is older.
  invoicedWhere:
    "action = 'phone' and not complete and coalesce(created_at, now()) > now() - interval '1 day'",
  freshbooksWhere: 'false',
  match: 'none',
  creates: 'freshbooks',
  invoicedAction: null,
  invoicedCustomerId: null,
  invoicedUserId: null,
  invoicedDueDays: null,
  freshbooksRateAmount: '25',
  freshbooksRateCode: 'USD',
  freshbooksBillable: true,
  shareName: true,
  complete: 'archived',
  onDelete: 'unlink',
  winner: 'newest',
};

/** Switches the demo's rule on, and tells of each task that crosses over. */
export async function linkCalls(
  { runtime, signal }: { readonly runtime: Runtime; readonly signal: AbortSignal },
  { db, log }: Demo,
  activity: Activity,
): Promise<void> {
  let told: ReadonlySet<string> | null = null;
  while (!signal.aborted) {
    try {
      if (told === null) {
        await switchOn(db);
        told = new Set((await linksOf(db)).map(({ linkId }) => linkId));
      }
      for (const { linkId, linkedAt, freshbooks } of await linksOf(db)) {
        if (told.has(linkId) || freshbooks === null) continue;
        told = new Set([...told, linkId]);
        const text = `${DUNNING_CALL.name}: in FreshBooks too, at 25 USD: ${freshbooks.name}`;
        activity.edited('freshbooks', freshbooks.rowId, 'link', text, linkedAt / 1_000);
      }
    } catch (error) {
      log.error({ err: error }, 'The demo could not tell of what crosses over.');
    }
    await runtime.sleep(LOOK_MS, signal).catch(() => {});
  }
}

const LOOK_MS = 1_000;

async function switchOn(db: Database): Promise<void> {
  const known = await listRules(db, DUNNING_CALL.name);
  if (known.length === 0) await addRule(db, DUNNING_CALL, { replace: false, yes: true });
}

const linksOf = async (db: Database) =>
  (await listLinks(db, { rule: DUNNING_CALL.name, ended: true, limit: null })).links;
