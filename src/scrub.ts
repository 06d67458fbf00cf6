/** The last guard against secrets in what a person reads: messages come from drivers and APIs too. */
export function scrub(text: string): string {
  return PATTERNS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

const HIDDEN = '[hidden]';

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Drizzle writes the values of a failed query behind its text, to the end.
  [/\bparams: [\s\S]*?(?=\n {4}at |$)/g, `params: ${HIDDEN}`],
  // postgres://user:password@host
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${HIDDEN}`],
  // refresh_token=…, "client_secret":"…", password: …
  [
    /(["']?\b(?:access_token|refresh_token|client_secret|api_key|password|authorization|code)["']?\s*[=:]\s*["']?)(?!Bearer|Basic)[^\s"'&,}]{6,}/gi,
    `$1${HIDDEN}`,
  ],
];
