/**
 * Everything about the simulated FreshBooks that can be chosen. What nobody knows about the real one is a switch here:
 * a client must be right under every setting. All can be changed while it runs.
 */
export interface FreshBooksOptions {
  accountId: string;
  /** Accounts beside it that the same users may enter, each with tasks of its own. */
  furtherAccounts: readonly string[];
  /** Who agrees on the consent page. Each user's tokens live and die by themselves. */
  userId: number;
  /** The role that `users/me` shows for every account. */
  role: string;
  /** Where `users/me` shows the account id: in the membership (the usual), or null there and only in `roles`. */
  accountIdIn: 'membership' | 'roles';
  /** `none`: the user may not see tasks, which is told with HTTP 200 and errno 1003. `read`: writes are refused with 403 and errno 1003. */
  permission: 'full' | 'read' | 'none';
  /** The currency of a rate that came without one. */
  currency: string;
  /** The id of the first task. Each later one is the next integer. */
  firstTaskId: number;

  clientId: string;
  clientSecret: string;
  redirectUri: string;
  /** A pair of tokens that is valid from the beginning, with all scopes; null for none. */
  refreshToken: string | null;
  accessToken: string | null;
  /** What a consent grants that does not say. */
  scopes: readonly string[];
  /** How long an access token lives. 12 h at FreshBooks. */
  accessTokenSeconds: number;
  /** Whether a refresh ends the access token that was valid until then. Not known; by default it lives out its time. */
  formerAccessToken: 'lives' | 'dies';

  /** Requests in 60 s before a 429; null never refuses, but the headers stay. */
  rateLimit: number | null;
  /** The body of a 429. Not known; by default the accounting API's own. */
  rateLimitShape: ErrorShape;
  /** How the accounting API words its errors. `errors` is what most recordings show. */
  errorShape: ErrorShape;

  /** Whether a name that another task has (deleted ones aside) is refused with 422. Not known; by default it is taken. */
  duplicateName: 'taken' | 'refused';
  /** Whether a PUT that changes nothing sets `updated`. Not known; by default it does. */
  emptyUpdate: 'bumps' | 'keeps';
  /** Whether a task can be archived (`vis_state` 2). Not known; by default it can. */
  archive: 'allowed' | 'refused';
  /** What a GET of a deleted task answers: the task with `vis_state` 1, or errno 1011. Not known; by default the task. */
  getDeleted: 'task' | 'error';
  /** Whether a deleted task's data can be changed; otherwise errno 1011. Not known; by default it can. */
  editDeleted: 'allowed' | 'refused';
  /** The HTTP status that comes with errno 1011. Not known. */
  deletedStatus: number;
  /**
   * `search[vis_state]`, which the page on tasks does not list: obeyed (the default), ignored like any unknown filter,
   * or `alone`: obeyed, and `updated_min` and `updated_max` ignored beside it.
   */
  searchVisState: 'honoured' | 'ignored' | 'alone';
  /** Whether the day of `updated_max` belongs to the result. Not known; the page says "before", so by default it does not. */
  updatedMax: 'exclusive' | 'inclusive';
  /** The zone in which the day of `updated_min` and `updated_max` begins. Not known; Eastern is likely. */
  searchZone: 'eastern' | 'utc';
  /** Not documented. A minus means descending; equal values are in order of id. */
  listOrder: ListOrder;
  /** Whether tasks have the key `project_default`, as on newer accounts. */
  projectDefault: 'absent' | 'present';
  /** Whether tasks have the keys `tax1` and `tax2`. */
  taxes: 'present' | 'absent';
  /** Rows that `total` and `pages` count, though the caller can't read them and no page shows them. */
  unreadable: number;
  /** Longest name and description in characters; more is refused with errno 1017. The real limits are not published. */
  maxName: number;
  maxDescription: number;
}

export type ListOrder = 'id' | '-id' | 'updated' | '-updated' | 'name';

/**
 * The bodies that an error can have. `errors`: `response.errors` as a list; `bare`: as one object; `details`: the newer
 * `code`, `message`, `details`; `ok`: like `errors`, but with HTTP 200; `auth`: `error` and `error_description`;
 * `html`: a proxy's page; `empty`: none.
 */
export type ErrorShape = 'errors' | 'bare' | 'details' | 'ok' | 'auth' | 'html' | 'empty';

export const freshbooksDefaults: Readonly<FreshBooksOptions> = {
  accountId: 'xZNQ1X',
  furtherAccounts: [],
  userId: 712_052,
  role: 'owner',
  accountIdIn: 'membership',
  permission: 'full',
  currency: 'USD',
  firstTaskId: 159_361,
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-secret',
  redirectUri: 'https://localhost/callback',
  refreshToken: 'sandbox-refresh-token',
  accessToken: 'sandbox-access-token',
  scopes: ['user:billable_items:read', 'user:billable_items:write', 'user:profile:read'],
  accessTokenSeconds: 43_200,
  formerAccessToken: 'lives',
  rateLimit: 600,
  rateLimitShape: 'errors',
  errorShape: 'errors',
  duplicateName: 'taken',
  emptyUpdate: 'bumps',
  archive: 'allowed',
  getDeleted: 'task',
  editDeleted: 'allowed',
  deletedStatus: 404,
  searchVisState: 'honoured',
  updatedMax: 'exclusive',
  searchZone: 'eastern',
  listOrder: 'id',
  projectDefault: 'absent',
  taxes: 'present',
  unreadable: 0,
  maxName: 255,
  maxDescription: 10_000,
};
