import postgres from 'postgres';

/** Two people who write SQL into the mirror, each with a database login: of that name, since the history tells it. */
export interface Logins {
  office(statement: string): Promise<unknown>;
  bookkeeper(statement: string): Promise<unknown>;
  /** Ends both sessions, and takes the logins away. */
  close(): Promise<void>;
}

export async function makeLogins(admin: postgres.Sql, url: string): Promise<Logins> {
  const open = async (name: string) => {
    await admin.unsafe(`create role ${name} login password '${name}' in role taskmirror_writer`);
    const address = Object.assign(new URL(url), { username: name, password: name });
    return postgres(address.href, { max: 1, onnotice: () => {} });
  };
  const [office, bookkeeper] = [await open('office'), await open('bookkeeper')];
  return {
    office: (statement) => office.unsafe(statement),
    bookkeeper: (statement) => bookkeeper.unsafe(statement),
    close: async () => {
      await Promise.all([office.end(), bookkeeper.end()]);
      await admin`drop role office, bookkeeper`;
    },
  };
}
