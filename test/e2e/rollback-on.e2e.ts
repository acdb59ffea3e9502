import { setTimeout as sleep } from 'node:timers/promises';
import { imageTag, User } from './user';
import { nativeRelease } from '../emulator/static-program';

/** A deployment that fails because of an alarm in `rollbackOn`. Each test continues where the previous one ended. */

const REPOSITORY = 'fargatestack-api';

let user: User;

beforeAll(async () => {
  user = await User.of('minimal');
  user.edit('app.ts', "new PhasedFargateService(stack, 'Api');", `
    import { RollbackAlarm } from '@org/phased-fargate';
    new PhasedFargateService(stack, 'Api', { rollbackOn: [RollbackAlarm.unhealthyHosts({ evaluationPeriods: 10 })] });
  `);
  await user.deploy('FargateStack/Registry');
  for (const release of ['v1', 'v2']) await user.pushProgram(REPOSITORY, release, nativeRelease(release));
});

afterAll(async () => {
  await user?.leave();
});

test('a release is deployed if the alarm stays in OK', async () => {
  await user.deploy('FargateStack', ...imageTag('v1'));
  expect((await user.get()).text).toContain('v1');
});

test('an alarm in ALARM fails the deployment although the tasks are healthy, and the previous release serves again', async () => {
  const before = await user.service();
  const deployment = user.deployInVain('FargateStack', ...imageTag('v2'));
  while (!(await user.get()).text.includes('v2')) await sleep(50);
  await setAlarm('ALARM');
  const { screen } = await deployment;
  expect(screen).toContain('alarm detected');
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await user.service()).toEqual(before);
  expect((await user.get()).text).toContain('v1');
});

test('once the alarm has returned to OK, the same release is deployed', async () => {
  await setAlarm('OK');
  await user.deploy('FargateStack', ...imageTag('v2'));
  expect((await user.get()).text).toContain('v2');
});

async function setAlarm(StateValue: 'ALARM' | 'OK'): Promise<void> {
  const resources = Object.values(await user.aws.stackResources('FargateStack'));
  const { physicalId } = resources.find(({ type }) => type === 'AWS::CloudWatch::Alarm')!;
  await user.aws.query('monitoring', '2010-08-01', 'SetAlarmState', { AlarmName: physicalId, StateValue, StateReason: 'said by a test' });
}
