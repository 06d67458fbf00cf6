import type { Config } from '../../config/config.js';
import { addressOf } from '../../jobs/address.js';
import { inspectRedis, type RedisFacts } from '../../jobs/inspect-redis.js';
import { messageOf } from '../../log.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, warning, failed } = findingsOf('queue');

/** The oldest that BullMQ works with. */
const LEAST_VERSION = [6, 2] as const;

export async function checkQueue({ redisUrl }: Config): Promise<readonly Finding[]> {
  if (redisUrl === null) return [ok('queue', 'It lives in the database, since REDIS_URL is not set.')];
  const subject = `Redis at ${addressOf(redisUrl, 6379)}`;
  try {
    return judgeRedis(subject, await inspectRedis(redisUrl));
  } catch (error) {
    return [failed(subject, `It can't be used: ${messageOf(error)}.`, 'Start it, or correct REDIS_URL.')];
  }
}

export function judgeRedis(
  subject: string,
  { version, evictionPolicy, persistent }: RedisFacts,
): readonly Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const old = major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]);
  return [
    old
      ? failed(
          subject,
          `Version ${version} is too old.`,
          `Upgrade it to ${LEAST_VERSION.join('.')} or newer.`,
        )
      : ok(subject, `Version ${version}.`),
    ...(evictionPolicy === null || evictionPolicy === 'noeviction'
      ? []
      : [
          failed(
            subject,
            `It may throw away jobs when its memory is full: maxmemory-policy is ${evictionPolicy}.`,
            'Set maxmemory-policy to noeviction.',
          ),
        ]),
    ...(persistent === false
      ? [
          warning(
            subject,
            'It keeps nothing over a restart. Nothing is lost by that, but requests that wait, and schedules are made anew.',
            'Set appendonly to yes.',
          ),
        ]
      : []),
  ];
}
