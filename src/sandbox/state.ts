import type { SandboxApi } from './api.js';
import type { Chance } from './chance.js';
import type { ClockState, StoredClock } from './clock.js';
import { isRow } from './envelope.js';

const version = 1;

interface Parts {
  readonly clock: StoredClock;
  readonly chance: Chance;
  readonly apis: readonly SandboxApi[];
}

/** Everything the sandbox needs to go on later: the clock, the chance, and what each API knows. */
export function takeSnapshot({ clock, chance, apis }: Parts): unknown {
  const state: Record<string, unknown> = { version, clock: clock.state(), chance: chance.state() };
  for (const api of apis) state[api.name] = api.snapshot();
  return state;
}

export function restoreSnapshot({ clock, chance, apis }: Parts, snapshot: unknown): void {
  if (!isRow(snapshot) || snapshot['version'] !== version) {
    throw new RangeError('This is not a snapshot of this version of the sandbox.');
  }
  clock.restore(snapshot['clock'] as ClockState);
  chance.restore(Number(snapshot['chance']));
  for (const api of apis) api.restore(snapshot[api.name]);
}
