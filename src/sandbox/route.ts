/** Whether a pattern means this route: its name (`tasks.list`), its family (`tasks.*`), or everything (`*`). */
export function matchesRoute(pattern: string, route: string): boolean {
  if (pattern === '*' || pattern === route) return true;
  return pattern.endsWith('.*') && route.startsWith(pattern.slice(0, -1));
}
