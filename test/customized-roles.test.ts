import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageGuard, ImageRegistry, ImageVersion, PhasedFargateService } from '../src';
import { testApp } from './util/synth';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const VERSION = { imageVersion: ImageVersion.tag('v1') };

/** Creates guards of several registries, so that permissions are added after the role of the function exists. */
function shop(customize: (stack: Stack) => void): App {
  const app = testApp();
  const stack = new Stack(app, 'Shop', { env: ENV });
  customize(stack);
  const { cluster } = new PhasedFargateService(stack, 'Api').service;
  const imported = ecr.Repository.fromRepositoryName(stack, 'Imported', 'imported');
  new ImageGuard(stack, 'One', { registry: imported, ...VERSION });
  new ImageGuard(stack, 'Again', { registry: imported, ...VERSION });
  new PhasedFargateService(stack, 'Worker', { registry: new ImageRegistry(new Stack(app, 'Images', { env: ENV }), 'Images'), cluster, ...VERSION });
  new PhasedFargateService(stack, 'Elsewhere', { registry: ecr.Repository.fromRepositoryArn(stack, 'There', 'arn:aws:ecr:eu-west-1:999988887777:repository/there'), cluster });
  const { lambdaCode: code } = new ImageGuard(stack, 'Function', { registry: imported, ...VERSION });
  new lambda.Function(stack, 'Handler', { code, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE });
  return app;
}

/** The actions of a role, each with its number of resources. The report has another notation for the resources themselves. */
type Allowed = Record<string, Record<string, number>>;

function count(statements: any[]): Record<string, number> {
  const resources: Record<string, Set<string>> = {};
  for (const { Action, Resource } of statements) {
    for (const action of [Action].flat()) {
      for (const resource of [Resource].flat()) (resources[action] ??= new Set()).add(JSON.stringify(resource));
    }
  }
  return Object.fromEntries(Object.entries(resources).map(([action, { size }]) => [action, size]));
}

function granted(app: App): Allowed {
  const stack = app.node.findChild('Shop') as Stack;
  const { Resources } = app.synth().getStackArtifact('Shop').template;
  return Object.fromEntries(stack.node.findAll().filter((construct): construct is iam.CfnRole => construct instanceof iam.CfnRole).map((role) => {
    const logicalId = stack.getLogicalId(role);
    const attached = Object.values<any>(Resources)
      .filter(({ Type, Properties }) => Type === 'AWS::IAM::Policy' && Properties.Roles.some(({ Ref }: any) => Ref === logicalId));
    const documents = [...Resources[logicalId].Properties.Policies ?? [], ...attached.map(({ Properties }) => Properties)];
    return [role.node.path.replace(/\/Resource$/, ''), count(documents.flatMap(({ PolicyDocument }) => PolicyDocument.Statement))];
  }));
}

function reported(app: App): Allowed {
  const { roles } = JSON.parse(fs.readFileSync(path.join(app.synth().directory, 'iam-policy-report.json'), 'utf8'));
  return Object.fromEntries(roles.map(({ roleConstructPath, identityPolicyStatements = [] }: any) =>
    [roleConstructPath, count(identityPolicyStatements)]));
}

test('the report of customized roles contains every permission that the roles would have', () => {
  const roles = granted(shop(() => {}));
  expect(Object.keys(roles).length).toBeGreaterThan(5);
  expect(roles['Shop/PhasedFargateImageGuard/Role']).toMatchObject({ 'ecr:DescribeImages': 4, 'ecr:PutImage': 2, 'logs:PutLogEvents': 1 });
  expect(reported(shop((stack) => iam.Role.customizeRoles(stack, { preventSynthesis: false })))).toEqual(roles);
});

test('a role in the report keeps its inline policies', () => {
  const GUARD = 'Shop/PhasedFargateImageGuard/Role';
  expect(granted(shop((stack) => iam.Role.customizeRoles(stack, { preventSynthesis: false })))[GUARD]).toEqual(granted(shop(() => {}))[GUARD]);
});

test('roles that another team creates are used by name, and the template contains no roles', () => {
  const names: Record<string, string> = {};
  for (const role of Object.keys(granted(shop(() => {})))) names[role] = `team-${Object.keys(names).length}`;
  const app = shop((stack) => iam.Role.customizeRoles(stack, { usePrecreatedRoles: names }));
  const { template } = app.synth().getStackArtifact('Shop');
  const types = Object.values<any>(template.Resources).map(({ Type }) => Type);
  expect(types.filter((type) => type.startsWith('AWS::IAM::'))).toEqual([]);
  for (const name of Object.values(names)) expect(JSON.stringify(template)).toContain(`:role/${name}`);
  expect(reported(app)).toEqual(granted(shop(() => {})));
});
