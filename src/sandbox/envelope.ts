import type { SandboxApi, SandboxResponse } from './api.js';

export type Row = Record<string, unknown>;

/** Where an API puts tasks in what is sent to it and in what it answers: all that faults need to know of it. */
export interface Envelope {
  /** The task in a request's parsed body, if there is one. */
  sent(body: unknown): Row | undefined;
  /** The task or tasks in an answer's body. */
  answered(body: unknown): readonly Row[];
  /** The list in an answer's body, to be changed in place; undefined where there is none. */
  list(body: unknown): unknown[] | undefined;
  /** Makes a list answer claim to be this page, with more to come. */
  claimPage(response: SandboxResponse, page: number): SandboxResponse;
  /** Makes a list answer claim that there are no rows at all. */
  claimEmpty(response: SandboxResponse): SandboxResponse;
  /** The documented shape of an error. */
  failure(status: number): unknown;
}

export const envelopes: Readonly<Record<SandboxApi['name'], Envelope>> = {
  invoiced: {
    sent: (body) => (isRow(body) ? body : undefined),
    answered: (body) => (Array.isArray(body) ? body : [body]).filter(isRow),
    list: (body) => (Array.isArray(body) ? body : undefined),
    claimPage: (response, page) => withHeader(response, 'Link', (link) => nextLink(link, page)),
    claimEmpty: (response) => ({ ...response, headers: { ...withoutNext(response), 'X-Total-Count': '0' } }),
    failure: (status) => ({ type: 'api_error', message: `The sandbox was asked to fail with ${status}.` }),
  },
  freshbooks: {
    sent: (body) => (isRow(body) && isRow(body['task']) ? body['task'] : undefined),
    answered: (body) => {
      const result = resultOf(body);
      const tasks = Array.isArray(result?.['tasks']) ? result['tasks'] : [result?.['task']];
      return tasks.filter(isRow);
    },
    list: (body) => {
      const tasks = resultOf(body)?.['tasks'];
      return Array.isArray(tasks) ? tasks : undefined;
    },
    claimPage: (response, page) => withResult(response, { page, pages: page + 1 }),
    claimEmpty: (response) => withResult(response, { pages: 0, total: 0 }),
    failure: (status) => ({
      response: { errors: [{ errno: status, message: `The sandbox was asked to fail with ${status}.` }] },
    }),
  },
};

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resultOf(body: unknown): Row | undefined {
  const response = isRow(body) ? body['response'] : undefined;
  const result = isRow(response) ? response['result'] : undefined;
  return isRow(result) ? result : undefined;
}

function withResult(response: SandboxResponse, changes: Row): SandboxResponse {
  const result = resultOf(response.body);
  return result ? { ...response, body: { response: { result: { ...result, ...changes } } } } : response;
}

function withHeader(
  response: SandboxResponse,
  name: string,
  change: (value: string) => string,
): SandboxResponse {
  return { ...response, headers: { ...response.headers, [name]: change(response.headers?.[name] ?? '') } };
}

function nextLink(link: string, page: number): string {
  const target = /<([^>]*)>/.exec(link)?.[1];
  if (target === undefined) return link;
  const next = new URL(target);
  next.searchParams.set('page', String(page + 1));
  return [...linksWithoutNext(link), `<${next}>; rel="next"`].join(', ');
}

function withoutNext(response: SandboxResponse): Readonly<Record<string, string>> {
  const link = response.headers?.['Link'];
  return link === undefined ? {} : { ...response.headers, Link: linksWithoutNext(link).join(', ') };
}

function linksWithoutNext(link: string): readonly string[] {
  return link.split(', ').filter((one) => !one.endsWith('rel="next"'));
}
