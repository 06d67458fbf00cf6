import type { FreshBooksOptions } from './options.js';

/** `GET /auth/api/v1/users/me`: who the token speaks for. One layer less than elsewhere: no `result`. */
export function usersMe(options: FreshBooksOptions, userId: number) {
  const accounts = [options.accountId, ...options.furtherAccounts];
  return {
    response: {
      id: userId,
      identity_id: userId,
      first_name: 'Sandy',
      last_name: 'Box',
      email: 'sandy@example.com',
      phone_numbers: [],
      addresses: [],
      profession: null,
      permissions: {},
      groups: [],
      subscription_statuses: {},
      links: { me: `/service/auth/api/v1/users?id=${userId}` },
      business_memberships: accounts.map((accountId, index) => ({
        id: 168_372 + index,
        role: options.role,
        business: {
          id: 77_128 + index,
          name: index === 0 ? 'Sandbox Services' : `Sandbox Services ${index + 1}`,
          account_id: options.accountIdIn === 'membership' ? accountId : null,
          address: null,
          phone_number: null,
          business_clients: [],
        },
      })),
      roles: accounts.map((accountId, index) => ({
        id: 682_349 + index,
        role: options.role === 'owner' ? 'admin' : options.role,
        systemid: 1_953_394 + index,
        userid: 1,
        accountid: accountId,
        created_at: '2017-07-24T13:00:00Z',
        links: { destroy: `/service/auth/api/v1/users/role/${682_349 + index}` },
      })),
    },
  };
}
