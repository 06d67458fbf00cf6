import postgres from 'postgres';

/**
 * Makes the roles for reporting and for local writers, and grants them what they lack, as far as this user may. Gives the
 * statements that are left for an administrator. Costs one read where nothing is missing.
 */
export async function grantRoles(client: postgres.Sql): Promise<readonly string[]> {
  const refused = new Set<string>();
  for (const { role, statement } of await findMissing(client)) {
    // Whoever may not make a role can't grant it anything either.
    if (!refused.has(role) && !(await run(client, statement))) refused.add(role);
  }
  return (await findMissing(client)).map(({ statement }) => statement);
}

interface Missing {
  readonly role: string;
  readonly statement: string;
}

/** In the order in which they are to be run. */
function findMissing(client: postgres.Sql): Promise<readonly Missing[]> {
  return client<Missing[]>`select role, statement from sync.role_statements()`;
}

/** False when this user may not. */
async function run(client: postgres.Sql, statement: string): Promise<boolean> {
  try {
    await client.unsafe(statement);
    return true;
  } catch (error) {
    const code = error instanceof postgres.PostgresError ? error.code : '';
    if (code === INSUFFICIENT_PRIVILEGE) return false;
    // Roles belong to the server: a migration of another database on it did the same at the same moment.
    if (AT_ONCE.has(code)) return true;
    throw error;
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** duplicate_object, unique_violation, and "tuple concurrently updated", which has no code of its own. */
const AT_ONCE: ReadonlySet<string> = new Set(['42710', '23505', 'XX000']);
