import type { SQL } from 'drizzle-orm';

/** What a statement does, in a few words for the trace: `update sync.leases`. */
export function nameOf(query: SQL): string {
  const text = textOf(query).replace(/\s+/g, ' ');
  const known = names.get(text);
  if (known !== undefined) return known;
  const writes = [...text.matchAll(/\b(insert into|update|delete from) ([a-z]+\.[a-z_]+)/g)];
  const [, table] = /\bfrom ([a-z]+\.[a-z_]+)/.exec(text) ?? [];
  const lock = /for update|for share/.test(text) ? ' for update' : '';
  const name =
    // What writes while it holds the lease is a transaction of its own.
    writes.length > 0 && text.includes('for share')
      ? 'commit'
      : writes.length > 0
        ? [...new Set(writes.map(([, verb, on]) => `${verb} ${on}`))].join(', ')
        : table === undefined
          ? text.trim().slice(0, 50)
          : `select ${table}${lock}`;
  names.set(text, name);
  return name;
}

const names = new Map<string, string>();

function textOf(chunk: unknown): string {
  if (typeof chunk !== 'object' || chunk === null) return '?';
  if ('queryChunks' in chunk && Array.isArray(chunk.queryChunks))
    return chunk.queryChunks.map(textOf).join('');
  if ('value' in chunk) {
    if (Array.isArray(chunk.value)) return chunk.value.join('');
    if (chunk.constructor.name === 'Name') return String(chunk.value);
  }
  return '?';
}
