import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

interface Program {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/** The Chromium named by TEST_BROWSER, one that is installed, or one unpacked from Debian's packages for this run. */
export async function startBrowser(args: readonly string[] = []): Promise<TestBrowser> {
  const program = given() ?? installed() ?? (await unpacked());
  try {
    const browser = await chromium.launch({
      executablePath: program.command,
      // Chromium's own sandbox needs rights that a machine for tests may not give, and refuses root.
      args: ['--no-sandbox', ...args],
      env: { ...process.env, ...program.env },
    });
    return {
      browser,
      close: async () => {
        await browser.close();
        program.remove();
      },
    };
  } catch (error) {
    program.remove();
    throw new Error(`The browser for the tests (${program.command}) did not start.`, { cause: error });
  }
}

function given(): Program | null {
  const command = process.env['TEST_BROWSER'];
  return command ? { command, env: {}, remove: () => {} } : null;
}

function installed(): Program | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const commands = folders.flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map((name) =>
      join(folder, name),
    ),
  );
  const command = commands.find((path) => existsSync(path));
  return command ? { command, env: {}, remove: () => {} } : null;
}

/**
 * Downloads the packages that this machine lacks and unpacks them into a folder: nothing is installed, and no rights are needed. About
 * 120 MB and ten seconds; other tests run meanwhile.
 */
async function unpacked(): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-test-browser-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const [apt, root] = [join(folder, 'apt'), join(folder, 'root')];
  const options = [
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${apt}`,
    'Debug::NoLocking=1',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option]);
  const get = (...args: string[]) => run('apt-get', [...options, '-qq', ...args], { timeout: 120_000 });
  try {
    mkdirSync(join(apt, 'lists/partial'), { recursive: true });
    mkdirSync(join(apt, 'archives/partial'), { recursive: true });
    await get('update');
    await get('-y', '--no-install-recommends', '--download-only', 'install', 'chromium', FONT);
    const packages = readdirSync(join(apt, 'archives')).filter((name) => name.endsWith('.deb'));
    await Promise.all(packages.map((name) => run('dpkg-deb', ['-x', join(apt, 'archives', name), root])));
    const fonts = join(folder, 'fonts.conf');
    writeFileSync(fonts, fontsOf(root, folder));
    return {
      command: join(root, 'usr/lib/chromium/chromium'),
      env: { LD_LIBRARY_PATH: librariesIn(join(root, 'usr/lib')), FONTCONFIG_FILE: fonts },
      remove,
    };
  } catch (error) {
    remove();
    throw new Error('No browser for the tests: install chromium, or set TEST_BROWSER to its path.', {
      cause: error,
    });
  }
}

const run = promisify(execFile);
const FONT = 'fonts-dejavu-core';

/** All folders that hold a library: some have one of their own. */
function librariesIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const folders = files.filter(({ name }) => /\.so(\.|$)/.test(name)).map(({ parentPath }) => parentPath);
  return [...new Set(folders)].join(delimiter);
}

const fontsOf = (root: string, cache: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${cache}/fonts</cachedir></fontconfig>
`;
