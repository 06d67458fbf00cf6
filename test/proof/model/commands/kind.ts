import type fc from 'fast-check';
import type { SourceName } from '../../../../src/sources/source.js';
import type { ModelWorld } from '../world.js';

/** A kind of thing that happens in histories. What a later part of the worker adds is a file of these and a line in index.ts. */
export interface CommandKind {
  readonly name: string;
  /** How often it is drawn beside the others. */
  readonly weight: number;
  /** Where it can happen; everywhere unless it says so. */
  readonly only?: SourceName;
  /** What it is done with: plain JSON. Where that names what is not there, nothing happens. */
  readonly arbitrary: fc.Arbitrary<unknown>;
  /** Does it, or begins what goes on beside the next commands. */
  run(world: ModelWorld, value: unknown): void | Promise<void>;
}

/** Ties what is drawn to what is done with it. */
export function kind<Value>(
  name: string,
  weight: number,
  arbitrary: fc.Arbitrary<Value>,
  run: (world: ModelWorld, value: Value) => void | Promise<void>,
  only?: SourceName,
): CommandKind {
  return {
    name,
    weight,
    arbitrary,
    run: (world, value) => run(world, value as Value),
    ...(only && { only }),
  };
}
