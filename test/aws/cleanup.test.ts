import { cleanUp } from './cleanup';
import { PREFIX } from './names';
import { Aws } from '../emulator/aws';

const { send } = jest.requireMock<{ send: jest.Mock }>('../emulator/http');

jest.mock('../emulator/http', () => ({ send: jest.fn() }));

const env = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };

/** An account whose lists have pages of one entry each. The first page is empty. */
class Account {
  public readonly aws = new Aws({ env });

  constructor(private readonly has: { stacks: [string, string][]; repositories: string[]; logGroups: string[] }) {
    send.mockImplementation(async (_method, _url, headers: Record<string, string>, body: string) => {
      const target = headers['x-amz-target'];
      const input = target ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
      return { status: 200, text: this.answer(target?.split('.')[1] ?? input.Action, input) };
    });
  }

  private answer(operation: string, input: any): string {
    const { has } = this;
    const page = (key: string, entries: object[]) => {
      const at = Number(input.nextToken ?? -1);
      return JSON.stringify({ [key]: at < 0 ? [] : entries.slice(at, at + 1), nextToken: at + 1 < entries.length ? String(at + 1) : undefined });
    };
    switch (operation) {
      case 'DescribeStacks':
        return has.stacks.map(([name, status]) => `<StackName>${name}</StackName><StackStatus>${status}</StackStatus>`).join('');
      case 'DeleteStack':
        has.stacks = has.stacks.filter(([name]) => name !== input.StackName);
        return '';
      case 'DescribeRepositories':
        return page('repositories', has.repositories.map((repositoryName) => ({ repositoryName })));
      case 'DeleteRepository':
        has.repositories = has.repositories.filter((name) => name !== input.repositoryName);
        return '{}';
      case 'DescribeLogGroups':
        return page('logGroups', has.logGroups.filter((name) => name.startsWith(input.logGroupNamePrefix)).map((logGroupName) => ({ logGroupName })));
      case 'DeleteLogGroup':
        has.logGroups = has.logGroups.filter((name) => name !== input.logGroupName);
        return '{}';
      default:
        throw new Error(operation);
    }
  }
}

test('a cleanup after a run deletes only the resources of that run', async () => {
  const of = (run: number) => ({ stack: `${PREFIX}-${run}-Service`, repository: `${PREFIX.toLowerCase()}-${run}`, logGroup: `${PREFIX}-${run}-Service-events` });
  const [mine, other] = [of(1), of(2)];
  const has = {
    stacks: [mine, other].map(({ stack }): [string, string] => [stack, 'CREATE_COMPLETE']),
    repositories: [mine.repository, other.repository],
    logGroups: [mine.logGroup, other.logGroup],
  };
  await cleanUp(new Account(has), () => undefined, { prefix: `${PREFIX}-1`, pauseMs: 0 });
  expect(has).toEqual({ stacks: [[other.stack, 'CREATE_COMPLETE']], repositories: [other.repository], logGroups: [other.logGroup] });
});

test('a cleanup deletes the resources of all runs, including a stack that was never created, and nothing else', async () => {
  const has = {
    stacks: [[`${PREFIX}-1-Service`, 'REVIEW_IN_PROGRESS'], [`${PREFIX}-1-Registry`, 'UPDATE_ROLLBACK_FAILED'], ['Other', 'CREATE_COMPLETE']] as [string, string][],
    repositories: ['other', `${PREFIX.toLowerCase()}-1`, `${PREFIX.toLowerCase()}-2`],
    logGroups: ['other', `${PREFIX}-1-Service-events`, `/aws/lambda/${PREFIX}-1-Service-guard`, `/aws/lambda/${PREFIX}-2-Service-guard`],
  };
  await cleanUp(new Account(has), () => undefined, { pauseMs: 0 });
  expect(has).toEqual({ stacks: [['Other', 'CREATE_COMPLETE']], repositories: ['other'], logGroups: ['other'] });
});
