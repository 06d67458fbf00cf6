import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Has V8 collect as soon as the heap has grown by 30 %, and not when it has doubled or more. A daemon that reads keeps little and
 * throws away much: on a machine with memory to spare its heap would grow to three times what it holds, for nothing. Reading takes as long
 * with it (`npm run bench -- memory`). V8 looks at this flag at each collection, so that it may be set while the process runs, and a person's
 * own (`NODE_OPTIONS=--max-old-space-size=…`) stays what it is. No fixed limit, which would end the process on one large answer.
 * Before its first collection V8 lets the heap grow to a size that it has chosen for the machine: so there is one now.
 */
export function keepHeapLean(): void {
  setFlagsFromString('--heap-growing-percent=30');
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  if (typeof collect === 'function') collect();
}
