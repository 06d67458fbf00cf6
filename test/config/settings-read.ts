import { makeCredentialsKey } from '../../src/config/credentials-key.js';
import { readConfig } from '../../src/config/read-config.js';

export interface SettingRead {
  readonly name: string;
  /** Whether it may come from a file. */
  readonly secret: boolean;
}

/** Every setting that the configuration really looks at, in the order in which it does. */
export function settingsRead(): readonly SettingRead[] {
  const looked = new Set<string>();
  const set: Record<string, string> = {
    FRESHBOOKS_ACCOUNT_ID: 'xZNQ1X',
    CREDENTIALS_KEY: makeCredentialsKey(),
  };
  readConfig(
    new Proxy(set, {
      get: (target, name) => {
        looked.add(String(name));
        return target[String(name)];
      },
    }),
  );
  // Set by the image and by npm, not by a person.
  looked.delete('NODE_ENV');
  return [...looked]
    .filter((name) => !name.endsWith('_FILE'))
    .map((name) => ({ name, secret: looked.has(`${name}_FILE`) }));
}
