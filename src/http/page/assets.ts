import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file that the page loads from this daemon. */
export interface Asset {
  /** Without the query that names its content. */
  readonly path: string;
  /** Good for ever: another content has another address. */
  readonly address: string;
  readonly type: string;
  readonly body: string;
}

/** Read once; they lie beside this module, which the build sees to. */
export function readAssets(): Readonly<Record<'style' | 'script' | 'icon', Asset>> {
  return {
    style: asset('page.css', 'text/css; charset=utf-8'),
    script: asset('page.js', 'text/javascript; charset=utf-8'),
    icon: asset('icon.svg', 'image/svg+xml'),
  };
}

function asset(name: string, type: string): Asset {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
  const content = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return { path: `/${name}`, address: `/${name}?${content}`, type, body };
}
