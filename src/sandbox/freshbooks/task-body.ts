import type { FreshBooksOptions } from './options.js';
import { Problem, type ProblemDetail } from './problem.js';
import { parseAmount } from './task-json.js';
import type { TaskRow } from './task-table.js';

/** What a request's body sets. */
export type TaskChanges = Partial<
  Pick<TaskRow, 'name' | 'description' | 'cents' | 'code' | 'billable' | 'tax1' | 'tax2'>
>;

type Members = Readonly<Record<string, unknown>>;
type Reader = (value: unknown, options: FreshBooksOptions) => TaskChanges | Fault;
type Fault = Pick<ProblemDetail, 'errno' | 'message'>;

/** The members of `{"task": {…}}`. Throws Problem on anything else. */
export function parseTaskBody(body: string): Members {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new Problem(400, [
      detail('', body.slice(0, 40), { errno: 1000, message: 'Request body is not JSON.' }),
    ]);
  }
  const task = isMembers(parsed) ? parsed['task'] : undefined;
  if (!isMembers(task))
    throw new Problem(422, [detail('task', '', { errno: 1001, message: 'Task is required.' })]);
  return task;
}

/** Unknown and read-only keys are ignored. Throws Problem (422) with one detail for each bad value. */
export function taskChanges(task: Members, options: FreshBooksOptions): TaskChanges {
  const faults: ProblemDetail[] = [];
  let changes: TaskChanges = {};
  for (const [key, [field, read]] of Object.entries(readers)) {
    const value = task[key];
    if (value === undefined) continue;
    const outcome = read(value, options);
    if (isFault(outcome)) faults.push(detail(field, value, outcome));
    else changes = { ...changes, ...outcome };
  }
  if (faults.length > 0) throw new Problem(422, faults);
  return changes;
}

/** Key in the body → its own name, and how it is read. Of two names for one field the first listed counts last. */
const readers: Readonly<Record<string, readonly [string, Reader]>> = {
  tname: ['name', readName],
  name: ['name', readName],
  tdesc: ['description', readDescription],
  description: ['description', readDescription],
  rate: ['rate', readRate],
  billable: [
    'billable',
    (value) => (typeof value === 'boolean' ? { billable: value } : wrongType('true or false')),
  ],
  tax1: ['tax1', (value) => (isTax(value) ? { tax1: value ?? 0 } : wrongType('an integer'))],
  tax2: ['tax2', (value) => (isTax(value) ? { tax2: value ?? 0 } : wrongType('an integer'))],
};

function readName(value: unknown, { maxName }: FreshBooksOptions): TaskChanges | Fault {
  if (value === null || value === '') return { errno: 1001, message: 'Name is required.' };
  if (typeof value !== 'string') return wrongType('a string');
  return value.length > maxName ? tooLong(maxName) : { name: value };
}

function readDescription(value: unknown, { maxDescription }: FreshBooksOptions): TaskChanges | Fault {
  if (value === null) return { description: '' };
  if (typeof value !== 'string') return wrongType('a string');
  return value.length > maxDescription ? tooLong(maxDescription) : { description: value };
}

/** A code alone keeps the amount, and an amount alone the code. */
function readRate(value: unknown): TaskChanges | Fault {
  if (!isMembers(value)) return wrongType('an object with amount and code');
  const { amount, code } = value;
  const cents = amount === undefined ? undefined : parseAmount(amount);
  if (cents === null) return { errno: 1004, message: 'Amount is not a valid amount.' };
  if (code !== undefined && !(typeof code === 'string' && /^[A-Z]{3}$/.test(code))) {
    return { errno: 1004, message: 'Code is not a valid currency code.' };
  }
  return { ...(cents === undefined ? {} : { cents }), ...(code === undefined ? {} : { code }) };
}

function isTax(value: unknown): value is number | null {
  return value === null || (Number.isSafeInteger(value) && Number(value) >= 0);
}

function wrongType(expected: string): Fault {
  return { errno: 1015, message: `Value must be ${expected}.` };
}

function tooLong(limit: number): Fault {
  return { errno: 1017, message: `Value is too long, the maximum is ${limit}.` };
}

function isFault(outcome: TaskChanges | Fault): outcome is Fault {
  return 'errno' in outcome;
}

function detail(field: string, value: unknown, fault: Fault): ProblemDetail {
  return {
    ...fault,
    field,
    object: 'task',
    value: typeof value === 'string' ? value : JSON.stringify(value),
  };
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
