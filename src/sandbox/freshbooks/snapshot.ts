import type { OAuthSnapshot } from './oauth.js';
import type { TaskRow, TaskTable } from './task-table.js';

/** Everything that must outlive a restart. Tasks are arrays of values, in the order of COLUMNS, to keep the file small. */
export interface FreshBooksSnapshot {
  readonly version: 2;
  readonly tasks: readonly (readonly unknown[])[];
  /** Those of the further accounts, by account. */
  readonly further: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly oauth: OAuthSnapshot;
}

export function packRows(table: TaskTable): FreshBooksSnapshot['tasks'] {
  return Array.from({ length: table.length }, (_, slot) => {
    const row = table.read(slot);
    return [
      row.id,
      row.name,
      row.description,
      row.cents,
      row.code,
      row.billable,
      row.tax1,
      row.tax2,
      row.updated,
      row.visState,
    ];
  });
}

export function* unpackRows(tasks: FreshBooksSnapshot['tasks']): Generator<TaskRow> {
  for (const task of tasks) {
    const [id, name, description, cents, code, billable, tax1, tax2, updated, visState] = task as PackedRow;
    yield { id, name, description, cents, code, billable, tax1, tax2, updated, visState };
  }
}

/** Throws when it is not a snapshot of this version, or of the one before. */
export function parseSnapshot(value: unknown, userId: number): FreshBooksSnapshot {
  if (typeof value === 'object' && value !== null && 'version' in value) {
    if (value.version === 2) return value as FreshBooksSnapshot;
    if (value.version === 1) return fromOneUser(value as unknown as FirstSnapshot, userId);
  }
  throw new Error(
    'This is no snapshot of the FreshBooks sandbox, or one of another version: start it afresh',
  );
}

/** The first version knew one account and one user. */
function fromOneUser({ tasks, oauth }: FirstSnapshot, user: number): FreshBooksSnapshot {
  const owned = (entries: OAuthSnapshot['access']) =>
    entries.map(([token, one]) => [token, { ...one, user }] as const);
  return {
    version: 2,
    tasks,
    further: {},
    oauth: {
      refresh: oauth.refresh === null ? [] : [{ ...oauth.refresh, user }],
      access: owned(oauth.access),
      codes: owned(oauth.codes),
    },
  };
}

interface FirstSnapshot extends Pick<FreshBooksSnapshot, 'tasks'> {
  readonly oauth: Omit<OAuthSnapshot, 'refresh'> & { readonly refresh: OAuthSnapshot['refresh'][0] | null };
}

type PackedRow = [
  id: TaskRow['id'],
  name: TaskRow['name'],
  description: TaskRow['description'],
  cents: TaskRow['cents'],
  code: TaskRow['code'],
  billable: TaskRow['billable'],
  tax1: TaskRow['tax1'],
  tax2: TaskRow['tax2'],
  updated: TaskRow['updated'],
  visState: TaskRow['visState'],
];
