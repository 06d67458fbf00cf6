import { plainJson } from '../printable.js';

/** What `--json` writes: one document, indented, fit for a terminal too. */
export function jsonText(document: unknown): string {
  return plainJson(JSON.stringify(document, null, 2));
}
