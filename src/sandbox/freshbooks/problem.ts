import type { SandboxResponse } from '../api.js';
import type { ErrorShape } from './options.js';

/** One fault of a request, in the accounting API's terms. */
export interface ProblemDetail {
  readonly errno: number;
  readonly field: string;
  readonly message: string;
  readonly object: string;
  readonly value: string;
}

/** Ends a request with an error answer. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly details: readonly ProblemDetail[];
  /** Words the body this way whatever the options say. */
  readonly shape: ErrorShape | null;

  constructor(status: number, details: readonly ProblemDetail[], shape: ErrorShape | null = null) {
    super(details.map((detail) => detail.message).join(' '));
    this.status = status;
    this.details = details;
    this.shape = shape;
  }
}

export function problem(
  status: number,
  errno: number,
  message: string,
  where: Partial<ProblemDetail> = {},
  shape: ErrorShape | null = null,
): Problem {
  return new Problem(status, [{ errno, message, field: '', object: 'task', value: '', ...where }], shape);
}

/** The answer that tells of it, in one of the bodies that FreshBooks is known to use. */
export function errorResponse(error: Problem, shape: ErrorShape): SandboxResponse {
  const { status, details } = error;
  switch (error.shape ?? shape) {
    case 'errors':
      return { status, body: { response: { errors: details } } };
    case 'bare':
      return { status, body: { response: { errors: details[0] } } };
    case 'ok':
      return { status: 200, body: { response: { errors: details } } };
    case 'details':
      return {
        status,
        body: { code: rpcCode(status), message: error.message, details: details.map(errorInfo) },
      };
    case 'auth':
      return { status, body: { error: authCode(status), error_description: error.message } };
    case 'html':
      return { status, headers: { 'Content-Type': 'text/html' }, body: page(status) };
    case 'empty':
      return { status };
  }
}

function errorInfo({ errno, ...metadata }: ProblemDetail) {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: String(errno),
    domain: 'accounting.api.freshbooks.com',
    metadata,
  };
}

/** See google/rpc/code.proto. */
function rpcCode(status: number): number {
  const codes: Readonly<Record<number, number>> = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    409: 10,
    422: 3,
    429: 8,
  };
  return codes[status] ?? 2;
}

function authCode(status: number): string {
  const codes: Readonly<Record<number, string>> = {
    401: 'unauthenticated',
    403: 'insufficient_scope',
    404: 'not_found',
    429: 'too_many_requests',
  };
  return codes[status] ?? 'invalid_request';
}

function page(status: number): string {
  return `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center></body>\r\n</html>\r\n`;
}
