import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { EXIT_CODES, listenForSignals } from '../../src/cli/interruption.js';

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the first %s asks to stop, its echo within half a second is the same one, and a later one ends the process',
  (name) => {
    const exits: number[] = [];
    const [stdout, stderr] = [new EventEmitter(), new EventEmitter()];
    const process = Object.assign(new EventEmitter(), {
      exit: (code: number) => exits.push(code),
      stdout,
      stderr,
    });
    let now = 1_000;
    const { signal } = listenForSignals(process, { now: () => now });
    process.emit(name, name);
    expect(signal.reason).toMatchObject({ by: name });
    now += 500;
    process.emit(name, name);
    expect(exits).toEqual([]);
    now += 1;
    process.emit(name, name);
    expect(exits).toEqual([EXIT_CODES[name]]);
  },
);
