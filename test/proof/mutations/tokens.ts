import type { Mutation } from './mutation.js';

const CREDENTIALS = 'test/mirror/credentials.test.ts';
const ACCESS = 'test/sources/freshbooks/access.test.ts';

/** I8 and I12: one refresh token is used once, and no secret gets out. */
export const tokens: readonly Mutation[] = [
  {
    invariant: 'I8',
    breaks: 'two processes trade the same refresh token in at once',
    file: 'src/mirror/credentials.ts',
    snippet: 'where credential_id = ${credentialId} for update`);',
    replacement: 'where credential_id = ${credentialId}`);',
    killedBy: `${CREDENTIALS}: processes that all find their token expired trade it in once`,
  },
  {
    invariant: 'I8',
    breaks: 'who waited for the lock trades in again what was rotated meanwhile',
    file: 'src/sync/tokens.ts',
    snippet: 'if (current.refreshToken !== seen.refreshToken || current.accessToken !== seen.accessToken) {',
    replacement: 'if (current === null) {',
    killedBy: `${CREDENTIALS}: who saw tokens that were rotated meanwhile gets the newer ones`,
  },
  {
    invariant: 'I8',
    breaks: 'a token that is known not to work is asked for again and again',
    file: 'src/sync/tokens.ts',
    snippet: `        if (problem !== null) {
          result`,
    replacement: `        if (secret === problem) {
          result`,
    killedBy: `${CREDENTIALS}: a token that no longer works is told to everybody, and asked for once`,
  },
  {
    invariant: 'I8',
    breaks: 'the successor is used and not kept',
    file: 'src/sync/tokens.ts',
    snippet: 'return { secret: packTokens(result, baseUrl) };',
    replacement: "return 'keep';",
    killedBy: `${CREDENTIALS}: who saw tokens that were rotated meanwhile gets the newer ones`,
  },
  {
    invariant: 'I8',
    breaks: 'a client that closes cuts its renewal off, and loses the token',
    file: 'src/sources/freshbooks/session.ts',
    snippet: 'await access.settled();',
    replacement: '',
    killedBy: `${ACCESS}: keeps the successor of a token that was traded in`,
  },
  {
    invariant: 'I8',
    breaks: 'a consent that was used up comes back at the next start',
    file: 'src/mirror/credentials.ts',
    snippet: 'where not c.consents @> excluded.consents',
    replacement: '',
    killedBy: `${CREDENTIALS}: a consent that was adopted is left alone at the next start`,
  },
  {
    invariant: 'I12',
    breaks: 'tokens are stored as they are',
    file: 'src/mirror/sealing.ts',
    snippet: "const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);",
    replacement: "const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]).fill(plain, 0);",
    killedBy: 'test/mirror/sealing.test.ts: the same text is sealed differently each time',
  },
  {
    invariant: 'I12',
    breaks: 'tokens are shown to another address',
    file: 'src/sync/tokens.ts',
    snippet: 'if (theirs === undefined || baseUrl === undefined || theirs === baseUrl) return tokens;',
    replacement: 'if (theirs !== null) return tokens;',
    killedBy: `${CREDENTIALS}: tokens that were given for one address are shown to no other`,
  },
  {
    invariant: 'I12',
    breaks: "a failed statement's parameters stand in its error",
    file: 'src/mirror/database.ts',
    snippet: 'throw error instanceof DrizzleQueryError && error.cause ? error.cause : error;',
    replacement: 'throw error;',
    killedBy: 'test/mirror/database.test.ts: shows neither its parameters nor its text',
  },
  {
    invariant: 'I12',
    breaks: 'a logged key is shown',
    file: 'src/log.ts',
    snippet: 'const hidden = SECRET_KEYS.includes(key) && value !== null && value !== undefined;',
    replacement: 'const hidden = false;',
    killedBy: 'test/log.test.ts: a secret is hidden however deep it lies',
  },
  {
    invariant: 'I12',
    breaks: "a message's secrets are logged",
    file: 'src/log.ts',
    snippet: "typeof arg === 'string' ? scrub(arg) : arg",
    replacement: 'arg',
    killedBy: 'test/log.test.ts: no secret is logged from',
  },
  {
    invariant: 'I12',
    breaks: "a request's query stands in its error",
    file: 'src/sources/http/request.ts',
    snippet: 'return `${name} ${request.method} ${request.path}`;',
    replacement:
      'return `${name} ${request.method} ${request.path}?${new URLSearchParams(request.query as Record<string, string>)}`;',
    killedBy: 'test/sources/http/http.test.ts: is told in one line of bounded length',
  },
];
