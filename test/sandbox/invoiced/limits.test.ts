import { describe, expect, it } from 'vitest';
import { systemRuntime } from '../../../src/runtime.js';
import { until } from '../../servers/until.js';
import { basic, serve, serveInvoiced } from '../serve.js';

const list = '/tasks';

describe('who may come in', () => {
  it.each([{ authorization: basic('wrong') }, { authorization: 'Bearer x' }, { authorization: '' }])(
    'refuses %j with 401',
    async (headers) => {
      await using invoiced = await serveInvoiced();
      const answer = await invoiced.call('GET', list, undefined, headers);
      expect(answer).toMatchObject({ status: 401, body: { type: 'invalid_request' } });
    },
  );

  it('answers everything with 402 once the account is closed', async () => {
    await using invoiced = await serveInvoiced({ account: 'closed' });
    expect((await invoiced.call('GET', list)).status).toBe(402);
  });

  it.each([
    ['read', 200, 403],
    ['none', 403, 403],
  ] as const)(
    'with permission %s answers reads with %i and writes with %i',
    async (permission, reads, writes) => {
      await using invoiced = await serveInvoiced({ permission });
      const { id } = invoiced.invoiced.people.create();
      expect((await invoiced.call('GET', list)).status).toBe(reads);
      expect((await invoiced.call('DELETE', `/tasks/${id}`)).status).toBe(writes);
      expect(invoiced.invoiced.people.count()).toBe(1);
    },
  );
});

describe('limits', () => {
  it('lets 20 requests be in flight, and turns the others away without Retry-After', async () => {
    let letThrough = () => {};
    const allArrived = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    // Each request takes until the last one has arrived.
    const runtime = { ...systemRuntime, sleep: () => allArrived };
    await using invoiced = await serve({ runtime, latency: 1 });
    const calls = Promise.all(Array.from({ length: 25 }, () => invoiced.call('GET', list)));
    await until('all are in flight', () => invoiced.log.count({ api: 'invoiced' }) === 25).finally(
      letThrough,
    );
    const answers = await calls;
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(refused).toHaveLength(5);
    expect(refused[0]?.body).toMatchObject({ type: 'rate_limit_error' });
    expect(refused[0]?.body.message).toMatch(/^Too many concurrent requests!/);
    expect(refused[0]?.headers.get('retry-after')).toBeNull();
    expect(invoiced.log.peak('invoiced')).toBe(25);
  });

  it('limits requests a minute when told to, with Retry-After when told to', async () => {
    await using invoiced = await serveInvoiced({ perMinute: 2 });
    const statuses = async (count: number) => {
      const found: number[] = [];
      for (let at = 0; at < count; at += 1) found.push((await invoiced.call('GET', list)).status);
      return found;
    };
    expect(await statuses(3)).toEqual([200, 200, 429]);
    invoiced.invoiced.options.retryAfter = 7;
    expect((await invoiced.call('GET', list)).headers.get('retry-after')).toBe('7');
    invoiced.clock.advance(60_000);
    expect(await statuses(1)).toEqual([200]);
  });

  it('calls its errors by the documented types when told to', async () => {
    await using invoiced = await serveInvoiced({ errorTypes: 'documented', maxInFlight: 0 });
    expect((await invoiced.call('GET', list)).body.type).toBe('invalid_request');
    invoiced.faults.add({ api: 'invoiced', route: '*', fault: { kind: 'status', status: 503 } });
    expect((await invoiced.call('GET', list)).body.type).toBe('api');
  });
});

describe('the hour that the autumn change repeats', () => {
  // In Chicago, 2026-11-01T07:00:00Z is 01:00 for the second time.
  const second = Date.parse('2026-11-01T07:00:00Z');
  const stamps = async (autumnHour: 'early' | 'true', timeZone = 'America/Chicago') => {
    await using invoiced = await serveInvoiced({ autumnHour, timeZone });
    const { id } = invoiced.invoiced.people.create();
    const found: number[] = [];
    for (const after of [-1, 0, 1800, 3599, 3600]) {
      invoiced.clock.set(second + after * 1000);
      const { body } = await invoiced.call('PATCH', `/tasks/${id}`, { user_id: after });
      found.push(body.updated_at - second / 1000);
    }
    return found;
  };

  it('reads back an hour early', async () => {
    expect(await stamps('early')).toEqual([-1, -3600, -1800, -1, 3600]);
  });

  it('reads back truly when told to, or where it is not autumn', async () => {
    const truth = [-1, 0, 1800, 3599, 3600];
    expect(await stamps('true')).toEqual(truth);
    expect(await stamps('early', 'Asia/Tokyo')).toEqual(truth);
  });

  it('lets an older change stand before a newer one in the list', async () => {
    await using invoiced = await serveInvoiced();
    const { people } = invoiced.invoiced;
    invoiced.clock.set(second - 1000);
    const older = people.create();
    invoiced.clock.set(second);
    const newer = people.create();
    const { body } = await invoiced.call('GET', '/tasks?sort=updated_at%20desc,id%20desc');
    expect(body.map(({ id }: { id: number }) => id)).toEqual([older.id, newer.id]);
  });
});
