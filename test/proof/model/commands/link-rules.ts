import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { TaskmirrorError } from '../../../../src/errors.js';
import { addRule, dropRule } from '../../../../src/links/save-rule.js';
import type { LinkRule } from '../../../../src/mirror/link-rules.js';
import type { RuleGiven } from '../history.js';
import type { ModelWorld } from '../world.js';

/** A rule in all its ways; most often one that links and makes. */
export const ruleGiven: fc.Arbitrary<RuleGiven> = fc.record({
  match: fc.constantFrom('name' as const, 'name' as const, 'name' as const, 'none' as const),
  creates: fc.constantFrom(
    'both' as const,
    'both' as const,
    'freshbooks' as const,
    'invoiced' as const,
    'none' as const,
  ),
  shareName: fc.constantFrom(true, true, true, true, false),
  complete: fc.constantFrom(null, 'archived' as const, 'archived' as const, 'deleted' as const),
  onDelete: fc.constantFrom('delete' as const, 'delete' as const, 'unlink' as const),
  winner: fc.constantFrom('invoiced' as const, 'freshbooks' as const, 'newest' as const, 'newest' as const),
  some: fc.constantFrom('all' as const, 'all' as const, 'phone' as const, 'few' as const),
});

export async function saveRule(
  world: ModelWorld,
  name: string,
  given: RuleGiven,
  inSql: boolean,
): Promise<string> {
  const rule = ruleOf(name, given);
  return refusable(async () => {
    if (!inSql) return addRule(world.people, rule, { replace: true, yes: true });
    return world.people.transaction(async (tx) => {
      await tx.rows(sql`
        insert into sync.link_rules (name, invoiced_where, freshbooks_where, match, creates, invoiced_action, invoiced_due_days,
          share_name, complete, on_delete, winner)
        values (${name}, ${rule.invoicedWhere}, ${rule.freshbooksWhere}, ${rule.match}, ${rule.creates}, ${rule.invoicedAction},
          ${rule.invoicedDueDays}, ${rule.shareName}, ${rule.complete}, ${rule.onDelete}, ${rule.winner})
        on conflict (name) do update set invoiced_where = excluded.invoiced_where, freshbooks_where = excluded.freshbooks_where,
          match = excluded.match, creates = excluded.creates, share_name = excluded.share_name, complete = excluded.complete,
          on_delete = excluded.on_delete, winner = excluded.winner`);
    });
  });
}

const CONDITIONS = {
  all: { invoicedWhere: 'true', freshbooksWhere: 'true' },
  phone: { invoicedWhere: "action = 'phone' and not complete", freshbooksWhere: 'billable' },
  few: { invoicedWhere: "name ~ '^[LP]'", freshbooksWhere: "name ~ '^[LP]'" },
};

const ruleOf = (name: string, { some, ...given }: RuleGiven): LinkRule => ({
  name,
  invoicedConnection: 'invoiced',
  freshbooksConnection: 'freshbooks',
  ...CONDITIONS[some],
  ...given,
  invoicedAction: 'phone',
  invoicedCustomerId: null,
  invoicedUserId: null,
  invoicedDueDays: 7,
  freshbooksRateAmount: '25.5',
  freshbooksRateCode: 'USD',
  freshbooksBillable: true,
});

export async function removeRule({ people }: ModelWorld, name: string, inSql: boolean): Promise<string> {
  return refusable(async () => {
    if (!inSql) return dropRule(people, name);
    return people.transaction((tx) => tx.rows(sql`delete from sync.link_rules where name = ${name}`));
  });
}

/** Refused with a reason: that is an answer. */
export async function refusable(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof TaskmirrorError || /^(23|42501)/.test(code)) return String(error);
    throw error;
  }
}
