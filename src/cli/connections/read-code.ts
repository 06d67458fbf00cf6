import { TaskmirrorError } from '../../errors.js';

/**
 * The code in what a person pastes: the code alone, or the whole address to which the consent page has led. The address must bear the
 * `state` that was sent along: else it belongs to another consent, perhaps one that somebody has slipped in.
 */
export function readCode(pasted: string, state: string): string {
  if (!/^https?:/i.test(pasted)) return checked(pasted);
  const address = URL.canParse(pasted) ? new URL(pasted) : null;
  if (address === null) throw refused("That address can't be read: paste it whole, or the code alone.");
  const { searchParams: query } = address;
  const error = query.get('error');
  if (error !== null)
    throw refused(`FreshBooks gave no consent (${error.slice(0, 60)}): begin again, and agree.`);
  if (query.get('state') !== state) {
    throw refused(
      'That address belongs to another consent (its state is not the one that was printed): begin again, and use the address that is printed then.',
    );
  }
  return checked(query.get('code') ?? '');
}

function checked(code: string): string {
  if (/^[\w.~+/=-]{8,512}$/.test(code)) return code;
  throw refused(
    'There is no code in that: paste the whole address to which you were led, or what stands behind code= in it.',
  );
}

const refused = (message: string): TaskmirrorError =>
  new TaskmirrorError('failed', `${message} Nothing was changed.`);
