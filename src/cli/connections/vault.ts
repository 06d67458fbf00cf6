import type { Config } from '../../config/config.js';
import { TaskmirrorError } from '../../errors.js';
import { readCredentials } from '../../mirror/accounts.js';
import type { Database } from '../../mirror/database.js';
import { createSealer, type Sealer } from '../../mirror/sealing.js';

/** What seals secrets, once it has shown that it opens what is stored: two keys side by side would stop the workers. */
export async function openVault(db: Database, { credentialsKeys }: Config): Promise<Sealer> {
  const sealer = createSealer(credentialsKeys);
  for (const { sealed } of await readCredentials(db)) sealer.open(sealed);
  return sealer;
}

/** Names go into commands, SQL and queues. */
export function checkName(name: string, source: 'invoiced' | 'freshbooks'): void {
  if (!/^[a-z][a-z0-9_-]{0,39}$/i.test(name)) {
    throw new TaskmirrorError(
      'usage',
      `${name} can't be the name of a connection: use up to 40 letters, digits, - and _, a letter first.`,
    );
  }
  if ((name === 'invoiced' || name === 'freshbooks') && name !== source) {
    throw new TaskmirrorError(
      'usage',
      `A connection to ${source} can't be called ${name}: choose another name.`,
    );
  }
}

export const taken = (name: string): TaskmirrorError =>
  new TaskmirrorError(
    'usage',
    `There is a connection ${name} already: choose another name, or look with taskmirror connections.`,
  );
