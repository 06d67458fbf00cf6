import type { FreshbooksAccount, SourceDeps } from '../account.js';
import { unlessAborted } from '../http/abort.js';
import { type Http, type HttpOutcome, openHttp } from '../http/http.js';
import type { HttpRequest } from '../http/request.js';
import type { TokenStore } from '../tokens.js';
import { openAccess } from './access.js';
import { refreshTokens } from './oauth.js';
import { readError } from './read-error.js';
import { withoutToken } from './without-token.js';

export const IN_FLIGHT = { poll: 2, walk: 4, push: 5, once: 2 };

/** Requests in the name of one user. */
export interface Session {
  /** Sends with the access token; once more with the next one when it is refused. */
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome>;
  close(): Promise<void>;
}

export function openSession(account: FreshbooksAccount, store: TokenStore, deps: SourceDeps): Session {
  const http = openFreshbooksHttp(account.baseUrl, deps);
  const access = openAccess(
    store,
    (current) => refreshTokens(http, account, deps.runtime, current),
    deps.runtime,
  );

  async function ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome> {
    let used = '';
    const authorize = async (aborted: AbortSignal): Promise<string> => {
      used = await access.current(aborted).catch(withoutToken);
      return `Bearer ${used}`;
    };
    const send = () => http.ask({ ...request, authorize }, signal);
    const first = await send();
    if (first.refusal?.kind !== 'unauthorized') return first;
    const renewed = access.refused(used, signal).catch(withoutToken);
    await (request.startBy ? unlessAborted(renewed, request.startBy) : renewed);
    return send();
  }

  return {
    ask,
    close: async () => {
      await access.settled();
      await http.close();
    },
  };
}

export function openFreshbooksHttp(baseUrl: string, deps: SourceDeps): Http {
  return openHttp({ name: 'freshbooks', baseUrl, inFlight: IN_FLIGHT, readError }, deps);
}
