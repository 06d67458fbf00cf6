import { accountOf } from '../../daemon/accounts.js';
import { TaskmirrorError } from '../../errors.js';
import { readAccounts } from '../../mirror/accounts.js';
import type { Sealer } from '../../mirror/sealing.js';
import { printableLine } from '../../printable.js';
import type { FreshbooksMembership, FreshbooksUser } from '../../sources/freshbooks/user.js';
import type { Asking } from '../ask.js';
import type { Mirror } from '../mirror.js';

/** A user as `sync.credentials.api_user` names them: users of another address are others. */
export const apiUserOf = (address: string, id: number): string =>
  address === 'https://api.freshbooks.com' ? String(id) : `${id} at ${address}`;

/** The account that was named, if the user may enter it; else the only one, or the one that a person chooses. */
export async function pickAccount(
  { accounts }: FreshbooksUser,
  wanted: string | null,
  asking: Asking,
): Promise<string> {
  if (accounts.length === 0) {
    throw new TaskmirrorError(
      'failed',
      'This FreshBooks user has no account: consent as a user who has one.',
    );
  }
  const names = accounts.map(({ accountId }) => accountId);
  if (wanted !== null) {
    if (names.includes(wanted)) return wanted;
    throw new TaskmirrorError(
      'failed',
      `This FreshBooks user can't enter the account ${wanted}, only ${names.join(', ')}: correct the account id, or consent as another user.`,
    );
  }
  const [first] = accounts;
  if (accounts.length === 1 && first) return first.accountId;
  const list = accounts.map((account, index) => `  ${index + 1}  ${described(account)}\n`).join('');
  const answer = await asking.line(`This user has several accounts:\n${list}Which one (number or id)? `);
  const chosen = accounts[Number(answer) - 1]?.accountId ?? names.find((name) => name === answer);
  if (chosen !== undefined) return chosen;
  throw new TaskmirrorError(
    'usage',
    `There is no such account in the list: name one with --account-id ${names.join('|')}.`,
  );
}

/** One account in two connections would be mirrored twice, and sent twice. */
export async function refuseTwice(
  { db, config }: Mirror,
  sealer: Sealer,
  wanted: { readonly address: string; readonly accountId: string },
  name: string,
): Promise<void> {
  const environment = config.freshbooks && { name: 'freshbooks', ...config.freshbooks };
  const others = (await readAccounts(db)).flatMap((stored) => {
    const account = accountOf(stored, config, sealer);
    return account?.source === 'freshbooks' ? [{ ...account, name: stored.name }] : [];
  });
  const twin = [...others, ...(environment ? [environment] : [])].find(
    (other) =>
      other.name !== name && other.accountId === wanted.accountId && other.baseUrl === wanted.address,
  );
  if (twin) {
    throw new TaskmirrorError(
      'usage',
      `The connection ${twin.name} has the account ${wanted.accountId} already: choose another account.`,
    );
  }
}

/** `xZNQ1X  Sandbox Services (owner)` */
function described({ accountId, name, role }: FreshbooksMembership): string {
  return printableLine([accountId, name ?? '', role ? `(${role})` : ''].filter(Boolean).join('  '));
}
