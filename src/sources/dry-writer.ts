import { freshbooksWriter } from './freshbooks/writer.js';
import { invoicedWriter } from './invoiced/writer.js';
import type { SourceName } from './source.js';
import type { SourceWriter } from './writer.js';

/** What makes calls and can't send them. */
export type DryWriter = Pick<SourceWriter, 'create' | 'next'>;

/**
 * A source's own writer without a way to its API, so that a plan names the very calls that a push makes. Their paths lack
 * the account.
 */
export function dryWriter(name: SourceName): DryWriter {
  return writers[name];
}

const noWay = () => Promise.reject(new Error('a plan sends nothing'));
const noTask = () => ({ ok: false as const, id: null, reason: 'a plan reads nothing' });

const writers: Readonly<Record<SourceName, DryWriter>> = {
  invoiced: invoicedWriter({ ask: noWay, read: noWay, taskOf: noTask, startWithinMs: undefined }),
  freshbooks: freshbooksWriter({ path: '', ask: noWay, startWithinMs: undefined }),
};
