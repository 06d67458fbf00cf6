import type { SandboxResponse } from '../api.js';
import type { InvoicedOptions } from './options.js';

/** An answer that is an error, in Invoiced's words. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly param: string | undefined;

  constructor(status: number, message: string, param?: string) {
    super(message);
    this.status = status;
    this.param = param;
  }
}

/** Malformed JSON is answered without a type. */
export class SyntaxRefusal extends Refusal {
  constructor() {
    super(400, 'Syntax error');
  }
}

export function refusalResponse(
  refusal: Refusal,
  { errorTypes, retryAfter }: Pick<InvoicedOptions, 'errorTypes' | 'retryAfter'>,
): SandboxResponse {
  const { status, message, param } = refusal;
  const type = refusal instanceof SyntaxRefusal ? {} : { type: typeOf(status, errorTypes) };
  const wait = status === 429 && retryAfter !== null ? { 'Retry-After': String(retryAfter) } : {};
  return { status, headers: wait, body: { ...type, message, ...(param === undefined ? {} : { param }) } };
}

function typeOf(status: number, errorTypes: InvoicedOptions['errorTypes']): string {
  if (errorTypes === 'documented') return status >= 500 ? 'api' : 'invalid_request';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'api_error' : 'invalid_request';
}
