import { event, Simulation } from './simulation';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

describe('a Create that is delivered late', () => {
  test.each(['CREATE_COMPLETE', 'UPDATE_ROLLBACK_IN_PROGRESS'])('writes nothing once it has found the stack in %s, whatever begins while it waits for its image', async (status) => {
    aws.stackStatus = status;
    aws.clock.at(20_000, () => {
      aws.stackStatus = 'UPDATE_IN_PROGRESS';
      aws.push('v1');
    });
    const answer = await aws.request(event({}, { ReleaseTagName: 'api', WhenMissing: 'waitFor', WaitSeconds: '60' }));

    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`The stack is in ${status}`) });
    expect(aws.actions).not.toContain('ecr:PutImage');
  });

  test('asks CloudFormation nothing if it has no release tags to move', async () => {
    aws.push('v1');
    await aws.request(event());

    expect(aws.actions).not.toContain('cloudformation:DescribeStacks');
  });
});
