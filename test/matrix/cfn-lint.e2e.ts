import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as service from './options';
import * as releaseTask from './release-task-options';
import { cfnLint } from '../cfn-lint';
import { templateFiles } from '../util/synth';

const PROCESSES = 2;

const ACCEPTED: Record<string, string> = {
  W3005: 'aws-cdk-lib makes a Lambda function depend on its role although it refers to it',
  W3010: 'aws-cdk-lib looks up the availability zones of a VPC where account and region are known',
  W6001: 'the cluster that another stack of the app exports is named in the command that stops the service',
};

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'phased-fargate-lint-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('cfn-lint finds exactly what is accepted across all combinations', async () => {
  // Identical templates are checked once.
  const apps = [...builds(service), ...builds(releaseTask)];
  const templates = new Map(apps.flatMap(({ combination, app }) =>
    Object.entries(templateFiles(app().synth())).map(([name, template]) => [template, { name, combination }])));
  expect(templates.size).toBeGreaterThan(apps.length);
  const files = new Map([...templates].map(([template, from], index) => {
    const file = join(directory, `${index}.template.json`);
    writeFileSync(file, template);
    return [file, from];
  }));

  const reports = await Promise.all(Array.from({ length: PROCESSES }, (_, turn) =>
    cfnLint([...files.keys()].filter((__, index) => index % PROCESSES === turn))));
  const findings = reports.flat();
  expect(findings.filter(({ Rule }) => !(Rule.Id in ACCEPTED)).map(({ Rule, Message, Filename, Location }) => ({
    rule: Rule.Id, message: Message, at: Location.Path.join('/'), ...files.get(Filename),
  }))).toEqual([]);
  expect(new Set(findings.map(({ Rule }) => Rule.Id))).toEqual(new Set(Object.keys(ACCEPTED)));
});

function builds<T>({ COMBINATIONS, build }: { readonly COMBINATIONS: T[]; build(combination: T): App }): { combination: T; app(): App }[] {
  return COMBINATIONS.map((combination) => ({ combination, app: () => build(combination) }));
}
