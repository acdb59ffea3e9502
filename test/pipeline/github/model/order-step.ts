import { answer, Repository } from './api';

export const REPOSITORY = { name: 'octo-org/shop', branch: 'main' };

/**
 * Runs the script of the step against this repository.
 *
 * @param trouble statuses or errors of the first requests
 */
export async function runOrderStep(
  script: string, repository: Repository, env: Record<string, string>, trouble: (number | Error)[] = [],
): Promise<{ passed: boolean; said: string }> {
  const said: string[] = [];
  const process = {
    exitCode: 0,
    env: { GITHUB_API_URL: 'https://api.github.com', GITHUB_REPOSITORY: repository.name, GITHUB_REF_NAME: repository.branch, ...env },
  };
  const troubles = [...trouble];
  const fetch = async (url: string) => {
    const next = troubles.shift();
    if (next instanceof Error) throw next;
    if (next) return { ok: false, status: next };
    const found = answer(repository, new URL(url));
    return { ok: found !== undefined, status: found ? 200 : 404, json: async () => structuredClone(found) };
  };
  const [, javascript] = /^node - <<'SCRIPT'\n([^]*)\nSCRIPT\n$/.exec(script)!;
  const main = new Function('process', 'fetch', 'console', 'setTimeout', javascript.replace(/^main\(\)/m, 'return main()'));
  await main(process, fetch, { log: (line: string) => said.push(line) }, (done: () => void) => done());
  return { passed: process.exitCode === 0, said: said.join('\n') };
}
