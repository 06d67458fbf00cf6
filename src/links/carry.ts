import { type Carry, carryOver, type Ending, endLinks, failLink } from '../mirror/carry-links.js';
import type { Database } from '../mirror/database.js';
import { type DueLink, findDue, readDue } from '../mirror/due-links.js';
import { asLinker } from '../mirror/linker.js';
import { mergeSides } from './merge-sides.js';

/** So many links are brought up to date in one transaction. */
const AT_ONCE = 200;

/** Brings links up to date, each whole or not at all. What somebody holds locked or changes just now is left for the next look. */
export async function carryAll(db: Database, signal?: AbortSignal): Promise<void> {
  const due = await findDue(db);
  for (let at = 0; at < due.length && !signal?.aborted; at += AT_ONCE) {
    const decided = (await readDue(db, due.slice(at, at + AT_ONCE)))
      .map(decide)
      .filter((each) => each !== 'wait');
    const endings = decided.flatMap((each) => ('why' in each ? [each] : []));
    if (endings.length > 0) await asLinker(db, (tx) => endLinks(tx, endings));
    await carry(
      db,
      decided.flatMap((each) => ('why' in each ? [] : [each])),
    );
  }
}

/** A row that is gone from the mirror was dropped with its connection: nobody has deleted its task. */
function decide(link: DueLink): Carry | Ending | 'wait' {
  const { left, right, linkId } = link;
  if (left === null) return { linkId, why: 'its row in invoiced.tasks is gone' };
  if (right === null) return { linkId, why: 'its row in freshbooks.tasks is gone' };
  const carry = mergeSides(link, left, right);
  return carry === 'unlink' ? { linkId, why: 'one of its tasks was deleted', link } : carry;
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
