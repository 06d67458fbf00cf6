import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { TaskmirrorError } from '../errors.js';
import type { Environment } from './settings.js';

/** The process's environment, completed by the `.env` of a folder. What is really set wins, empty or not. */
export function withEnvFile(folder: string, env: Environment): Environment {
  const file = readEnvFile(join(folder, '.env'));
  const kept = Object.entries(file).filter(([name]) => !isSet(env, name));
  return { ...Object.fromEntries(kept), ...env };
}

/** `X` and `X_FILE` are two ways to say the same: one in the environment overrules the other in the file. */
function isSet(env: Environment, name: string): boolean {
  const other = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`;
  return env[name] !== undefined || env[other] !== undefined;
}

function readEnvFile(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ENOENT') return {};
      throw new TaskmirrorError('configuration', `.env can't be read (${error.code}): correct or remove it.`);
    }
    throw error;
  }
}
