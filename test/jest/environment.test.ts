import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { App, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

const Environment = jest.requireActual('./environment');

interface Environment {
  readonly moduleMocker: typeof jest;
  readonly AsyncLocalStorage: typeof AsyncLocalStorage<string>;
  setup(): Promise<void>;
  teardown(): Promise<void>;
}

test('a package is loaded once for all test files', () => {
  expect(createRequire(__filename)('constructs').Construct).toBe(Construct);
});

test('packages use the same Error and Object as the tests', () => {
  const stack = new Stack(new App(), 'Stack');
  expect(() => new Stack(stack, 'Stack', { stackName: '!' })).toThrow(Error);
  expect(Object.getPrototypeOf(stack.resolve({}))).toBe(Object.prototype);
});

describe('after a test file', () => {
  let environment: Environment;
  const shared: any = globalThis;

  beforeEach(async () => {
    environment = new Environment();
    await environment.setup();
  });

  test('globals are as before', async () => {
    const { fetch } = shared;
    shared.fetch = () => 'replaced';
    shared.added = true;
    await environment.teardown();
    expect(shared.fetch).toBe(fetch);
    expect(shared).not.toHaveProperty('added');
  });

  test('tokens of aws-cdk-lib can still be resolved', async () => {
    const stack = new Stack(new App(), 'Stack');
    await environment.teardown();
    expect(stack.resolve(stack.account)).toEqual({ Ref: 'AWS::AccountId' });
  });

  test('environment variables are as before', async () => {
    const { PATH, HOME } = process.env;
    delete process.env.PATH;
    process.env.HOME = '/nowhere';
    process.env.ADDED = 'yes';
    await environment.teardown();
    expect(process.env).toMatchObject({ PATH, HOME });
    expect(process.env).not.toHaveProperty('ADDED');
  });

  test('promises no longer carry its async context', async () => {
    const storage = new environment.AsyncLocalStorage();
    storage.enterWith('the test file');
    await environment.teardown();
    expect(storage.getStore()).toBeUndefined();
  });

  test('functions of packages are no longer mocked', async () => {
    const cwd = process.cwd();
    environment.moduleMocker.spyOn(process, 'cwd').mockReturnValue('/nowhere');
    await environment.teardown();
    expect(process.cwd()).toBe(cwd);
  });
});
