import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a form of ours holds and a page of another's can't know. */
export interface FormToken {
  readonly value: string;
  matches(shown: string): boolean;
}

/**
 * Made anew by each process; with an HTTP_TOKEN it follows from that, so that several workers behind one address take each other's forms.
 * It opens nothing by itself and does not tell the HTTP_TOKEN.
 */
export function createFormToken(httpToken: string | null): FormToken {
  const key = httpToken === null ? randomBytes(32) : httpToken;
  const value = createHmac('sha256', key).update('the forms of the status page').digest('base64url');
  const expected = Buffer.from(value);
  return {
    value,
    matches: (shown) => {
      const given = Buffer.from(shown);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
