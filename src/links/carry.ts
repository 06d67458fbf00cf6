import type { Database } from '../mirror/database.js';
import { asLinker } from '../mirror/linker.js';
import { type Carry, carryOver, endLink, failLink, findDueLinks } from '../mirror/links.js';
import { mergeSides } from './merge-sides.js';

/** So many links are brought up to date in one transaction. */
const AT_ONCE = 200;

/** Brings links up to date, each whole or not at all. What somebody holds locked or changes just now is left for the next look. */
export async function carryAll(db: Database, signal?: AbortSignal): Promise<void> {
  let after = '0';
  while (!signal?.aborted) {
    const due = await findDueLinks(db, after, AT_ONCE);
    const last = due.at(-1);
    if (last === undefined) return;
    after = last.linkId;
    const carries: Carry[] = [];
    for (const link of due) {
      const { left, right, linkId } = link;
      const missing =
        left === null ? 'its row in invoiced.tasks is gone' : 'its row in freshbooks.tasks is gone';
      const carry = left === null || right === null ? 'unlink' : mergeSides(link, left, right);
      if (carry !== 'unlink') carries.push(carry);
      else {
        const why = left === null || right === null ? missing : 'one of its tasks was deleted';
        await asLinker(db, (tx) => endLink(tx, linkId, why));
      }
    }
    await carry(db, carries);
  }
}

/** When the tables refuse what comes over, halves are tried, and their halves: a link that can't be followed stops only itself. */
async function carry(db: Database, carries: readonly Carry[]): Promise<void> {
  const [only, ...more] = carries;
  if (only === undefined) return;
  try {
    await asLinker(db, (tx) => carryOver(tx, carries));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (more.length === 0) {
      const why = `what was changed can't come over: ${error.message}`;
      return asLinker(db, (tx) => failLink(tx, only.link.linkId, why));
    }
    const middle = Math.ceil(carries.length / 2);
    await carry(db, carries.slice(0, middle));
    await carry(db, carries.slice(middle));
  }
}

/** Whether a table or a trigger refused what was written: capture's, the tables' own and users'. */
export function isRefusal(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(22|23|42501|54|P0)/.test(code);
}
