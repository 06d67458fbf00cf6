import type { ServerResponse } from 'node:http';
import type { SandboxResponse } from './api.js';

/** An answer as it goes over the wire. */
export interface Written {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An object or array is written as JSON, a string as it is. The Date is the sandbox's. */
export function write(response: SandboxResponse, now: number): Written {
  const { status, headers, body } = response;
  const date = { Date: new Date(now).toUTCString() };
  if (body === undefined) return { status, headers: { ...date, ...headers }, body: '' };
  const isText = typeof body === 'string';
  return {
    status,
    headers: { ...date, 'Content-Type': isText ? 'text/plain' : 'application/json', ...headers },
    body: isText ? body : JSON.stringify(body),
  };
}

export function send(to: ServerResponse, { status, headers, body }: Written): void {
  to.sendDate = false;
  // 204 and 304 have neither a body nor its length.
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  to.writeHead(status, { ...headers, ...length });
  to.end(length['Content-Length'] === undefined ? undefined : body);
}

/** Half of the body: as a whole message, or, abrupt, as one that promises more and breaks off. */
export function sendCut(to: ServerResponse, written: Written, abrupt: boolean): void {
  const half = written.body.slice(0, Math.floor(written.body.length / 2));
  if (!abrupt) {
    send(to, { ...written, body: half });
    return;
  }
  to.sendDate = false;
  to.writeHead(written.status, { ...written.headers, 'Content-Length': Buffer.byteLength(written.body) });
  to.write(half, () => to.destroy());
}

/** What a proxy in front of an API says. */
export function proxyPage(status: number): string {
  return `<html>\r\n<head><title>${status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>${status}</h1></center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n`;
}
