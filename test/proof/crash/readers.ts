import type { Reader } from './wire.js';

/** HTTP by method and route: `PATCH tasks/:id`, `POST oauth/token`. One request at a time on a connection. */
export function httpReader(): Reader {
  let open: string | null = null;
  return {
    asked: (chunk) => {
      const head = /^(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/.exec(chunk.toString('latin1', 0, 2_000));
      if (head === null) return [];
      open = `${head[1]} ${routeOf(head[2] ?? '')}`;
      return [open];
    },
    answered: () => {
      const done = open === null ? [] : [open];
      open = null;
      return done;
    },
  };
}

const routeOf = (target: string): string =>
  (target.split('?')[0] ?? '').replace(/^.*\/(?=tasks|events|oauth)/, '').replace(/\/\d+$/, '/:id');

/**
 * PostgreSQL by what a statement writes: `insert sync.runs, update sync.leases`, and `commit of …` with all that its transaction
 * wrote; `…, in one trip` of one that holds the lease and commits by itself. A statement that only reads is `select …` with what it reads.
 */
export function postgresReader(): Reader {
  let begun = false;
  let statement = '';
  let executes = false;
  let written: string[] = [];
  const open: (string | null)[] = [];

  const client = frames((type, body) => {
    // Parse holds the statement's name before its text.
    if (type === 'P') statement = textIn(body.subarray(body.indexOf(0) + 1));
    if (type === 'Q') statement = textIn(body);
    if (type === 'E' || type === 'Q') executes = true;
    if (type !== 'S' && type !== 'Q') return null;
    // One answer comes for each of these; for some that is only a description.
    const name = executes ? named(statement) : null;
    executes = false;
    open.push(name);
    return name;
  });
  const server = frames((type) => (type === 'Z' ? (open.shift() ?? null) : null));

  function named(text: string): string {
    const [verb = ''] = text.trim().toLowerCase().split(/[\s;]/);
    if (verb === 'begin') written = [];
    if (verb === 'commit') return `commit of ${written.join(', ') || 'nothing'}`;
    const effects = effectsOf(text);
    written.push(...effects);
    return effects.join(', ') || `${verb} ${tablesIn(text, /(?:from|join) /g).join(', ')}`.trim();
  }

  return {
    asked: (chunk) => {
      if (begun) return client(chunk);
      // The first message has no type; nobody asks for TLS on the loopback.
      begun = true;
      return client(chunk.subarray(chunk.readInt32BE(0)));
    },
    answered: (chunk) => server(chunk),
  };
}

/** `insert sync.runs`, `update invoiced.tasks`, `delete sync.walk_pages`; of DDL its beginning. */
function effectsOf(text: string): readonly string[] {
  const plain = text.replaceAll('"', '').replace(/\s+/g, ' ').trim();
  if (/^(create|alter|comment|grant|revoke|drop|do|set) /i.test(plain))
    return [plain.slice(0, 60).toLowerCase()];
  const writes = plain.matchAll(/\b(insert|update|delete)(?: into| from)? ([a-z_]+\.[a-z_]+)/gi);
  const effects = [...writes].map(([, verb, table]) => `${verb?.toLowerCase()} ${table}`);
  if (/pg_advisory_lock/.test(plain)) effects.push('lock');
  if (effects.length > 0 && /\bworker as materialized\b/.test(plain)) effects.push('in one trip');
  return [...new Set(effects)];
}

function tablesIn(text: string, before: RegExp): readonly string[] {
  const plain = text.replaceAll('"', '');
  const found = [...plain.matchAll(new RegExp(`${before.source}([a-z_]+\\.[a-z_]+)`, 'gi'))];
  return [...new Set(found.map(([, table = '']) => table))];
}

/** Cuts a stream into messages of a type, a length and a body, and gives what `read` makes of those that end in a chunk. */
function frames(read: (type: string, body: Buffer) => string | null): (chunk: Buffer) => readonly string[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const found: string[] = [];
    while (rest.length >= 5) {
      const end = 1 + rest.readInt32BE(1);
      if (rest.length < end) break;
      const name = read(rest.toString('latin1', 0, 1), rest.subarray(5, end));
      if (name !== null) found.push(name);
      rest = rest.subarray(end);
    }
    return found;
  };
}

const textIn = (body: Buffer): string => body.toString('utf8', 0, Math.max(0, body.indexOf(0)));
