import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect as soon as the heap has grown by a third, and not when it has doubled or more. A daemon that reads keeps little and
 * throws away much: on a machine with memory to spare its heap would grow to three times what it holds, for nothing. Reading takes as long
 * with it (`npm run bench -- memory`). V8 looks at this flag at each collection, so that it may be set while the process runs, and a person's
 * own (`NODE_OPTIONS=--max-old-space-size=…`) stays what it is. No fixed limit, which would end the process on one large answer.
 */
export function keepHeapLean(): void {
  setFlagsFromString('--heap-growing-percent=30');
}
