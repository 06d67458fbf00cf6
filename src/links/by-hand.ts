import { TaskmirrorError } from '../errors.js';
import { endLinks } from '../mirror/carry-links.js';
import type { Database } from '../mirror/database.js';
import { wakePush } from '../mirror/edits.js';
import { insertLink, lockAmbiguous } from '../mirror/link-by-hand.js';
import { asLinker } from '../mirror/linker.js';
import { asLocalWriter } from '../mirror/local-writer.js';

/** Joins two rows. Throws TaskmirrorError, with the cure, where they can't be. Gives the link's id. */
export function addLink(
  db: Database,
  leftRowId: string,
  rightRowId: string,
  rule: string | null,
): Promise<string> {
  return asLocalWriter(db, (tx) => insertLink(tx, leftRowId, rightRowId, rule));
}

/** Decides which row is the other half of an ambiguous link's, or that none is (`null`). Gives the link that holds from now on. */
export async function resolveLink(db: Database, linkId: string, rowId: string | null): Promise<string> {
  if (rowId === null) {
    const ended = await asLinker(db, async (tx) => {
      const link = await lockAmbiguous(tx, linkId);
      if (link === null) return false;
      return (await endLinks(tx, [{ linkId, why: 'somebody said that none of the candidates is it' }])) > 0;
    });
    if (!ended) throw notAmbiguous(linkId);
    return linkId;
  }
  return asLocalWriter(db, async (tx) => {
    const link = await lockAmbiguous(tx, linkId);
    if (link === null) throw notAmbiguous(linkId);
    if (!link.candidates.includes(rowId)) {
      throw new TaskmirrorError(
        'usage',
        `Row ${rowId} is none of the candidates of link ${linkId} (${link.candidates.join(', ')}): name one of them, or --none.`,
      );
    }
    return insertLink(tx, link.leftRowId ?? rowId, link.rightRowId ?? rowId, link.rule);
  });
}

/** Ends a link; both rows stay as they are, and no rule links them again. */
export async function removeLink(db: Database, linkId: string): Promise<void> {
  const ended = await asLinker(db, async (tx) => {
    const ended = await endLinks(tx, [{ linkId, why: 'somebody removed it' }]);
    if (ended > 0) await wakePush(tx);
    return ended > 0;
  });
  if (!ended)
    throw new TaskmirrorError(
      'usage',
      `There is no link ${linkId} that holds: \`npx taskmirror links\` lists them.`,
    );
}

const notAmbiguous = (linkId: string) =>
  new TaskmirrorError('usage', `Link ${linkId} is not ambiguous: \`npx taskmirror links\` lists them.`);
