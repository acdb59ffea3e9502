import { parseArgs } from 'node:util';
import { Aws, Cloud } from '../emulator/aws';

const NEEDED = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'];

/** The account that the caller has named. The credentials belong to it. */
export interface Account {
  readonly id: string;
  readonly region: string;
  readonly cloud: Cloud;
  readonly aws: Aws;
}

/**
 * Makes sure that the caller has explicitly named the account of the credentials.
 *
 * @param args such as `--account 111122223333`
 * @throws if no account is named, if there are no credentials, or if the credentials belong to another account
 */
export async function confirmedAccount(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Account> {
  // npm removes the `--` before the arguments, but projen does not.
  const { values } = parseArgs({ args: args.filter((arg) => arg !== '--'), options: { account: { type: 'string' } } });
  if (!/^\d{12}$/.test(values.account ?? '')) {
    throw new Error(`--account ${values.account ?? '(missing)'} is not an account id: pass the 12 digits of the account that this may use`);
  }
  const missing = NEEDED.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new Error(`${missing.join(', ')} must be set: run eval "$(aws configure export-credentials --format env)" and export AWS_REGION`);
  }
  const cloud: Cloud = { env: { ...env as Record<string, string>, CI: 'true', AWS_DEFAULT_REGION: env.AWS_REGION! }, endpoint: env.AWS_ENDPOINT_URL };
  const aws = new Aws(cloud);
  const caller = await aws.callerAccount();
  if (caller !== values.account) {
    throw new Error(`--account ${values.account} is not the account of the credentials, which is ${caller}`);
  }
  return { id: caller, region: env.AWS_REGION!, cloud, aws };
}
