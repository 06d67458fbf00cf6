import { capture } from './capture.js';
import { creates } from './creates.js';
import { deletions } from './deletions.js';
import { edits } from './edits.js';
import { links } from './links.js';
import type { Mutation } from './mutation.js';
import { rest } from './rest.js';
import { runs } from './runs.js';
import { tokens } from './tokens.js';

/** Several for each invariant, in the order of the invariants. */
export const mutations: readonly Mutation[] = [
  ...edits,
  ...capture,
  ...creates,
  ...rest,
  ...deletions,
  ...tokens,
  ...runs,
  ...links,
].sort((a, b) => Number(a.invariant.slice(1)) - Number(b.invariant.slice(1)));
