/** `host:port/database` of a server's URL, for messages: nothing that could hold a secret. */
export function addressOf(url: string, defaultPort: number): string {
  if (!URL.canParse(url)) return 'the given address';
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = hostname || searchParams.get('host') || 'localhost';
  return `${host}:${port || defaultPort}${pathname === '/' ? '' : pathname}`;
}
