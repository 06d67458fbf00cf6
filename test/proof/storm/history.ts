import type { Connection } from '../../sync/world.js';

/** One value that somebody gave a field. Each value is given once only, so that it can be told apart wherever it turns up. */
export interface Edit {
  readonly side: 'local' | 'remote';
  /** The task's id at the API, or `row 5` for a row that has none yet. */
  readonly task: string;
  readonly field: string;
  readonly token: string;
  /** Of an edit at the API: the last request before it, and whether a write of the task was under way just then. */
  readonly mark?: number;
  readonly overtaken?: boolean;
}

/** All that people did on both sides of one connection, written down as they did it. */
export interface History {
  readonly connection: Connection;
  readonly edits: Edit[];
  /** Values that an editor of the other side had before them when they wrote another, or deleted the task. */
  readonly seen: Set<string>;
  /** Who was deleted, by anybody: ids and `row 5`. */
  readonly deleted: Set<string>;
  /** Tasks that were touched at the API. */
  readonly touched: Set<string>;
  /** Local inserts: what their names begin with, by row. */
  readonly inserts: Map<string, string>;
  /** The last visibility that was written locally, by row. */
  readonly visibility: Map<string, number>;
  /** Rows that a pull made, and that a person has let stay for an insert's own. */
  readonly standIns: Set<string>;
}

export const newHistory = (connection: Connection): History => ({
  connection,
  edits: [],
  seen: new Set(),
  deleted: new Set(),
  touched: new Set(),
  inserts: new Map(),
  visibility: new Map(),
  standIns: new Set(),
});

/** What a name begins with stays through all renames: by it a task is known again on both sides. */
export function labelOf(name: string, id: string): string {
  return /^[LPTW]\d{4}/.exec(name)?.[0] ?? `T${id.padStart(4, '0').slice(-4)}`;
}
