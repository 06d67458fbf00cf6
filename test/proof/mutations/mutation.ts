/** One enforcing line taken away, and who must notice. */
export interface Mutation {
  readonly invariant: `I${number}`;
  /** What the worker does without the line, in words. */
  readonly breaks: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly snippet: string;
  readonly replacement: string;
  /** A second guard of the same, in the same file, without which the first is not needed. */
  readonly also?: { readonly snippet: string; readonly replacement: string };
  /** `test/sync/edits.test.ts: an edit that commits`: a file, and what the names of the tests that must fail begin with or hold. */
  readonly killedBy: string;
}

/** The file's text with the line taken away. Throws unless the snippet stands there exactly once. */
export function mutate(text: string, { file, also, ...first }: Mutation): string {
  return [first, ...(also === undefined ? [] : [also])].reduce((rest, { snippet, replacement }) => {
    const times = rest.split(snippet).length - 1;
    if (times === 1) return rest.replace(snippet, () => replacement);
    throw new Error(
      `${file} holds ${times} times what a mutation is to change, and not once: ${JSON.stringify(snippet)}`,
    );
  }, text);
}

export function testOf({ killedBy }: Mutation): { readonly file: string; readonly name: string } {
  const at = killedBy.indexOf(': ');
  return { file: killedBy.slice(0, at), name: killedBy.slice(at + 2) };
}

/** Where the line stands, for whoever looks for it: `src/merge/merge.ts:110`. */
export function placeOf(text: string, { file, snippet }: Mutation): string {
  return `${file}:${text.slice(0, text.indexOf(snippet)).split('\n').length}`;
}
