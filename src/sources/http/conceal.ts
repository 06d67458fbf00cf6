import type { HttpRequest } from './request.js';
import type { ApiWords, ErrorReader } from './verdict.js';

/** Shorter ones could be words. */
const SHORTEST = 6;

/** Reads an API's errors without what the request was authorized with: some APIs repeat the key or token that they refuse. */
export function concealing(
  readError: ErrorReader,
  request: HttpRequest,
  authorization: string | undefined,
): ErrorReader {
  const secrets = secretsOf(request, authorization);
  const conceal = (text: string) => secrets.reduce((rest, each) => rest.replaceAll(each, '[hidden]'), text);
  return (json, status): ApiWords | null => {
    const own = readError(json, status);
    return own && { ...own, code: own.code && conceal(own.code), words: conceal(own.words) };
  };
}

/** Longest first, so that none is left half of which is another. */
function secretsOf({ form }: HttpRequest, authorization: string | undefined): readonly string[] {
  const [scheme, value = ''] = authorization?.split(' ') ?? [];
  const basic = scheme === 'Basic' ? Buffer.from(value, 'base64').toString('utf8') : '';
  const { client_secret: secret, refresh_token: token, code } = form ?? {};
  return [value, basic, basic.replace(/:$/, ''), secret, token, code]
    .filter((each): each is string => each !== undefined && each.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
}
