import type { SandboxRequest } from '../api.js';
import { isRow, type Row } from '../envelope.js';
import type { InvoicedOptions } from './options.js';
import { Refusal, SyntaxRefusal } from './refusal.js';
import type { InvoicedEdit } from './task.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads what a request sets: JSON where the content type says so, else a form. One error at a time, as Invoiced does. */
export function readEdit(
  request: SandboxRequest,
  options: InvoicedOptions,
  verb: 'create' | 'update',
): InvoicedEdit {
  const sent = readBody(request);
  for (const key of Object.keys(sent)) {
    const writable =
      Object.hasOwn(fields, key) &&
      !(key === 'customer_id' && verb === 'update' && !options.customerUpdatable);
    if (writable || options.unknownFields === 'ignored') continue;
    throw new Refusal(400, `${key} is not a field that can be set`, key);
  }
  const edit: Mutable<InvoicedEdit> = {};
  for (const [key, value] of Object.entries(sent)) {
    if (key === 'customer_id' && verb === 'update' && !options.customerUpdatable) continue;
    fields[key]?.(edit, value);
  }
  if (verb === 'create') {
    for (const [key, title] of needed) {
      if (edit[key] === undefined) throw new Refusal(400, `${title} is missing`, key);
    }
  }
  if (options.actions === 'documented' && edit.action !== undefined && !documentedActions.has(edit.action)) {
    throw new Refusal(400, `Invalid action: ${edit.action}`, 'action');
  }
  return edit;
}

const needed = [
  ['action', 'Action'],
  ['due_date', 'Due Date'],
  ['name', 'Name'],
] as const;

const documentedActions = new Set(['phone', 'letter', 'email', 'review']);

const fields: Readonly<Record<string, (edit: Mutable<InvoicedEdit>, value: unknown) => void>> = {
  name: (edit, value) => {
    edit.name = text(value, 'name', 'Name');
  },
  action: (edit, value) => {
    edit.action = text(value, 'action', 'Action');
  },
  customer_id: (edit, value) => {
    edit.customer_id = integer(value, 'customer_id');
  },
  user_id: (edit, value) => {
    edit.user_id = integer(value, 'user_id');
  },
  due_date: (edit, value) => {
    const date = integer(value, 'due_date');
    if (date === null) throw new Refusal(400, 'Due Date is missing', 'due_date');
    edit.due_date = date;
  },
  complete: (edit, value) => {
    edit.complete = truth(value);
  },
  completed_by_user_id: (edit, value) => {
    edit.completed_by_user_id = integer(value, 'completed_by_user_id');
  },
};

function readBody({ headers, body }: SandboxRequest): Row {
  if (!(headers['content-type'] ?? '').includes('json')) return Object.fromEntries(new URLSearchParams(body));
  if (body === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new SyntaxRefusal();
  }
  if (!isRow(parsed)) throw new SyntaxRefusal();
  return parsed;
}

function text(value: unknown, param: string, title: string): string {
  if (value === null || value === '') throw new Refusal(400, `${title} is missing`, param);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Refusal(400, `${title} is invalid`, param);
}

function integer(value: unknown, param: string): number | null {
  if (value === null || value === '') return null;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new Refusal(400, `${param} is invalid`, param);
}

/** As PHP casts: any text but '' and '0' is true, 'false' too. */
function truth(value: unknown): boolean {
  return value !== '0' && Boolean(value);
}
