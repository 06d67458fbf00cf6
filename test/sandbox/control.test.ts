import { describe, expect, it } from 'vitest';
import { serve } from './serve.js';

describe('the control surface', () => {
  it('says what runs where', async () => {
    await using served = await serve({ invoiced: { tasks: 3 }, freshbooks: { tasks: 2 } });
    const { invoiced, freshbooks } = served;
    const { url, accountId, clientId, clientSecret, redirectUri, refreshToken } = freshbooks;
    expect((await served.control('GET', '/')).body).toEqual({
      invoiced: { url: invoiced.url, apiKey: invoiced.apiKey, tasks: 3 },
      freshbooks: { url, accountId, clientId, clientSecret, redirectUri, refreshToken, tasks: 2 },
      clock: served.clock.now(),
    });
  });

  it('arms and clears faults', async () => {
    await using served = await serve();
    const rule = { api: 'invoiced', route: '*', fault: { kind: 'status', status: 503 } };
    const { body } = await served.control('POST', '/faults', rule);
    expect((await served.call('GET', '/tasks')).status).toBe(503);
    expect((await served.control('GET', '/faults')).body).toMatchObject([{ ...rule, struck: 1 }]);
    await served.control('DELETE', `/faults?id=${body.id}`);
    expect((await served.call('GET', '/tasks')).status).toBe(200);
  });

  it('shows and clears the log', async () => {
    await using served = await serve();
    await served.call('GET', '/tasks');
    await served.callFreshBooks('GET', 'tasks');
    const { body } = await served.control('GET', '/log?api=freshbooks&route=tasks.*&method=GET&after=1');
    expect(body).toMatchObject([{ seq: 2, api: 'freshbooks', route: 'tasks.list' }]);
    await served.control('DELETE', '/log');
    expect((await served.control('GET', '/log')).body).toEqual([]);
  });

  it('sets, moves, stops and starts the clock', async () => {
    await using served = await serve();
    const set = Date.parse('2026-11-01T06:00:00Z');
    await served.control('POST', '/clock', { frozen: true, set, advance: 1000 });
    expect(served.clock.now()).toBe(set + 1000);
    expect((await served.control('GET', '/clock')).body).toEqual({ now: set + 1000 });
  });

  it('turns switches', async () => {
    await using served = await serve();
    await served.control('POST', '/options/invoiced', { account: 'closed' });
    expect((await served.call('GET', '/tasks')).status).toBe(402);
    expect((await served.control('GET', '/options/invoiced')).body.account).toBe('closed');
    const unknown = await served.control('POST', '/options/freshbooks', { acount: 'x' });
    expect(unknown).toMatchObject({ status: 400, body: { error: 'There is no option acount.' } });
  });

  it('lets people act', async () => {
    await using served = await serve();
    const act = (api: string, name: string, ...args: unknown[]) =>
      served.control('POST', `/people/${api}`, { act: name, args });
    await act('invoiced', 'seed', { count: 3 });
    const { body } = await act('invoiced', 'create', { name: 'Call them' });
    expect(served.invoiced.people.task(body.result.id)?.name).toBe('Call them');
    expect((await act('invoiced', 'tasks')).body.result).toHaveLength(4);
    expect((await act('freshbooks', 'createTask', { name: 'Plan' })).body.result.name).toBe('Plan');
    expect((await act('invoiced', 'edit', 1, {})).body.error).toBe('Invoiced has no task 1.');
    expect((await act('invoiced', 'constructor')).status).toBe(400);
  });

  it('lets a user consent anew, or no more', async () => {
    await using served = await serve();
    const { body } = await served.control('POST', '/oauth/freshbooks', { act: 'grant' });
    expect(body.result.refresh_token).toBeTypeOf('string');
    await served.control('POST', '/oauth/freshbooks', { act: 'revoke' });
    expect(served.snapshot()).toMatchObject({ freshbooks: { oauth: { refresh: [] } } });
  });

  it('takes and restores snapshots', async () => {
    await using served = await serve({ invoiced: { tasks: 3 } });
    const { body } = await served.control('GET', '/snapshot');
    served.invoiced.people.create();
    await served.control('POST', '/snapshot', body);
    expect(served.invoiced.people.count()).toBe(3);
  });

  it('sets the latency', async () => {
    await using served = await serve();
    await served.control('POST', '/latency', { milliseconds: 50 });
    await Promise.all([served.call('GET', '/tasks'), served.call('GET', '/tasks')]);
    expect(served.log.peak('invoiced')).toBe(2);
  });

  it.each([
    ['GET', '/nothing', undefined, 404],
    ['POST', '/faults', {}, 400],
    ['POST', '/clock', { set: 'soon' }, 400],
    ['POST', '/snapshot', { version: 0 }, 400],
    ['POST', '/faults', 'not JSON', 400],
  ])('refuses %s %s with %j', async (method, path, body, status) => {
    await using served = await serve();
    const answer = await served.control(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toBeTypeOf('string');
  });
});
