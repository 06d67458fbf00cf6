import type { Config } from '../../config/config.js';
import { withEnvFile } from '../../config/environment.js';
import { readConfig } from '../../config/read-config.js';
import { TaskmirrorError } from '../../errors.js';
import type { Cli } from '../cli.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, warning, failed } = findingsOf('configuration');

/** Every setting is read as `start` reads it. Without a configuration nothing else can be checked. */
export function checkConfiguration(cli: Cli): {
  readonly config: Config | null;
  readonly findings: readonly Finding[];
} {
  try {
    const config = readConfig(withEnvFile(cli.folder, cli.env));
    const warnings = config.warnings.map((message) => warning('settings', message, 'Correct or remove it.'));
    return { config, findings: warnings.length > 0 ? warnings : [ok('settings', 'All settings are valid.')] };
  } catch (error) {
    if (!(error instanceof TaskmirrorError)) throw error;
    const [problem = error.message, cure = 'Correct it.'] = error.message.split(/: (?=[^:]+$)/);
    return { config: null, findings: [failed('settings', problem, cure)] };
  }
}
