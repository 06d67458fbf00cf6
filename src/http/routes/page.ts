import type { Hono, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { actionShape } from '../page/actions.js';
import type { Page } from '../page/page.js';

/** The status page, the files that it loads, and what its buttons do. */
export function addPage(app: Hono, page: Page): void {
  app.get('/', strict, async (c) => {
    const { html, sees } = await page.render();
    return c.html(html, sees ? 200 : 503);
  });
  for (const { path, type, body } of Object.values(page.assets)) {
    app.get(path, (c) => c.body(body, 200, { 'content-type': type, 'cache-control': FOR_EVER }));
  }
  app.post(
    '/',
    strict,
    bodyLimit({ maxSize: MOST_BYTES, onError: (c) => c.text(TOO_LONG, 413) }),
    async (c) => {
      // What is no form is one without fields.
      const { token, ...form } = await c.req.parseBody().catch((): Record<string, unknown> => ({}));
      const asked = actionShape.safeParse(form);
      const answer =
        typeof token !== 'string' || !page.isOurs(token)
          ? ({ status: 403, said: NOT_OURS } as const)
          : !asked.success
            ? ({ status: 400, said: UNKNOWN } as const)
            : await page.act(asked.data).then(({ outcome, said }) => ({ status: STATUS[outcome], said }));
      const { status, said } = answer;
      if (c.req.header('accept')?.includes('application/json')) return c.json({ said }, status);
      const { html } = await page.render(said);
      return c.html(html, status);
    },
  );
}

/** Nothing from elsewhere, nothing that stands in the page itself, and in nobody's frame. */
const strict: MiddlewareHandler = async (c, next) => {
  await next();
  c.header('content-security-policy', POLICY);
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const STATUS = { done: 200, refused: 409, unavailable: 503 } as const;
/** The largest form has a name and a token. */
const MOST_BYTES = 4_096;
const FOR_EVER = 'private, max-age=31536000, immutable';
const TOO_LONG = 'Nothing was done: no form of this page is so long.\n';
const NOT_OURS = 'Nothing was done: this page is of an earlier daemon. Load it again.';
const UNKNOWN =
  'Nothing was done: the page asked for something that this daemon does not know. Load it again.';
