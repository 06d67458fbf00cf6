import type { FreshBooksOptions } from './options.js';

/** `GET /auth/api/v1/users/me`: who the token speaks for. One layer less than elsewhere: no `result`. */
export function usersMe(options: FreshBooksOptions) {
  const inMembership = options.accountIdIn === 'membership';
  return {
    response: {
      id: 712052,
      identity_id: 712052,
      first_name: 'Sandy',
      last_name: 'Box',
      email: 'sandy@example.com',
      phone_numbers: [],
      addresses: [],
      profession: null,
      permissions: {},
      groups: [],
      subscription_statuses: {},
      links: { me: '/service/auth/api/v1/users?id=712052' },
      business_memberships: [
        {
          id: 168372,
          role: 'owner',
          business: {
            id: 77128,
            name: 'Sandbox Services',
            account_id: inMembership ? options.accountId : null,
            address: null,
            phone_number: null,
            business_clients: [],
          },
        },
      ],
      roles: [
        {
          id: 682349,
          role: 'admin',
          systemid: 1953394,
          userid: 1,
          accountid: options.accountId,
          created_at: '2017-07-24T13:00:00Z',
          links: { destroy: '/service/auth/api/v1/users/role/682349' },
        },
      ],
    },
  };
}
