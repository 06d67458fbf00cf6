import type { Config } from '../../config/config.js';
import type { StoredCredential } from '../../mirror/accounts.js';
import { createSealer } from '../../mirror/sealing.js';
import { counted } from '../../words/figures.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, warning, failed } = findingsOf('secrets');
const SETTING = 'CREDENTIALS_KEY';

/** Whether CREDENTIALS_KEY opens what is stored, and which of several keys are still needed. */
export function checkSecrets(
  { credentialsKeys }: Config,
  stored: readonly StoredCredential[],
): readonly Finding[] {
  const [first, ...others] = credentialsKeys;
  if (first === undefined) {
    if (stored.length === 0) return [ok(SETTING, 'It is not set, and nothing is stored that needs it.')];
    return [
      failed(
        SETTING,
        `It is not set, but ${counted(stored.length, 'secret')} are stored with it.`,
        'Give the key that they were stored with.',
      ),
    ];
  }
  const sealer = createSealer(credentialsKeys);
  const texts = stored.flatMap(({ credentialId, sealed, sealedClientSecret }) =>
    [sealed, sealedClientSecret].flatMap((text) => (text === null ? [] : [{ credentialId, text }])),
  );
  const closed = texts.filter(({ text }) => !opens(text));
  if (closed.length > 0) {
    const names = [...new Set(closed.map(({ credentialId }) => credentialId))].join(', ');
    return [
      failed(
        SETTING,
        `It does not open what is stored (${names}).`,
        'Give the key that it was stored with too, comma-separated, behind the new one. If it is lost: taskmirror connections remove NAME, and add it again.',
      ),
    ];
  }
  const old = texts.filter(({ text }) => !sealer.isCurrent(text));
  if (old.length > 0) {
    return [
      warning(
        SETTING,
        `${counted(old.length, 'stored secret')} need another than the first key.`,
        'Keep all keys, and restart a worker: it seals them anew with the first one.',
      ),
    ];
  }
  if (others.length > 0) {
    return [
      warning(
        SETTING,
        'Everything stored opens with the first key alone.',
        `Once every worker has the first key, drop the ${counted(others.length, 'other')}, here and there.`,
      ),
    ];
  }
  return [
    ok(
      SETTING,
      stored.length === 0 ? 'It is valid; nothing is stored yet.' : 'It opens everything that is stored.',
    ),
  ];

  function opens(text: string): boolean {
    try {
      sealer.open(text);
      return true;
    } catch {
      return false;
    }
  }
}
