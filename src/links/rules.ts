import { isDeepStrictEqual } from 'node:util';
import { TaskmirrorError } from '../errors.js';
import { type Database, isUnavailable } from '../mirror/database.js';
import { type LinkRule, listRules, markChecked, type StoredRule, tellProblem } from '../mirror/link-rules.js';
import { asLinker } from '../mirror/linker.js';
import {
  linkPairs,
  makeInFreshbooks,
  makeInInvoiced,
  tellAmbiguous,
  toldAmbiguous,
} from '../mirror/make-links.js';
import { faultOf, findFor } from '../mirror/rule-query.js';
import { isRefusal } from './carry.js';
import { assertOneExpression } from './condition.js';

/** So much of each kind is linked and made before the rule is looked at again. */
const AT_ONCE = 500;
const MOST_ROUNDS = 20;

/** Has every rule link and make what it finds. A rule that can't says why in sync.link_rules, and stops only itself. */
export async function applyRules(db: Database, signal?: AbortSignal): Promise<void> {
  for (const rule of await listRules(db)) {
    try {
      if (await isFit(db, rule)) await apply(db, rule, signal);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      await asLinker(db, (tx) => tellProblem(tx, rule.name, why));
    }
  }
}

/** Whether a rule may be run: whoever saved it may not have had it checked. */
async function isFit(db: Database, rule: StoredRule): Promise<boolean> {
  // Once is enough, until somebody changes it.
  if (rule.checked === 'unfit') return false;
  if (rule.checked === null) {
    const fault = await checkRule(db, rule).then(
      () => null,
      (error: unknown) => {
        if (error instanceof TaskmirrorError) return error.message;
        throw error;
      },
    );
    await asLinker(db, (tx) => markChecked(tx, rule.name, fault));
    if (fault !== null) return false;
  }
  return rule.ready;
}

/** Throws what is wrong with a rule's conditions. Runs nothing of them. */
export async function checkRule(db: Database, rule: LinkRule): Promise<void> {
  for (const source of ['invoiced', 'freshbooks'] as const) {
    const condition = rule[`${source}Where`];
    const where = `The condition on ${source}.tasks of rule ${rule.name}`;
    assertOneExpression(condition, where);
    const fault = await faultOf(db, source, condition).catch((error: unknown) => {
      if (isUnavailable(error) || !(error instanceof Error)) throw error;
      return error.message;
    });
    if (fault !== null) {
      throw new TaskmirrorError(
        'usage',
        `${where} can't be used: ${fault}. Write a condition on the row's own columns with PostgreSQL's own functions, such as "action = 'phone' and not complete".`,
      );
    }
  }
}

async function apply(db: Database, rule: StoredRule, signal?: AbortSignal): Promise<void> {
  const refused: string[] = [];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const found = await findFor(db, rule, AT_ONCE);
    const ambiguous = found.ambiguous.map(({ row, candidates }) => ({ rowId: row.rowId, candidates }));
    if (!isDeepStrictEqual(ambiguous, await toldAmbiguous(db, rule.name)))
      await asLinker(db, (tx) => tellAmbiguous(tx, rule.name, found.ambiguous));
    let done = found.pairs.length === 0 ? 0 : await asLinker(db, (tx) => linkPairs(tx, rule, found.pairs));
    for (const missing of found.missing) {
      if (signal?.aborted) return;
      const make = missing.in === 'freshbooks' ? makeInFreshbooks : makeInInvoiced;
      try {
        if (await asLinker(db, (tx) => make(tx, rule, missing.row))) done += 1;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push(`row ${missing.row.rowId} can't be made in ${missing.in}: ${error.message}`);
      }
    }
    if (done === 0 || Math.max(found.pairs.length, found.missing.length) < AT_ONCE) break;
  }
  const problem = refused.length === 0 ? null : refused.slice(0, 3).join('; ');
  if (problem !== rule.problem) await asLinker(db, (tx) => tellProblem(tx, rule.name, problem));
}
