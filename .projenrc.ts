import { awscdk, github, javascript, JsonFile, ReleasableCommits } from 'projen';
import { AwsTestWorkflow } from './projenrc/aws-test-workflow';
import { DocsSiteWorkflow } from './projenrc/docs-site-workflow';
import { HardenedWorkflows } from './projenrc/hardened-workflows';
import { TaskTable } from './projenrc/task-table';

const LOWEST_CDK = '2.220.0';
const NEWEST_CDK = '2.276.0';

const project = new awscdk.AwsCdkConstructLibrary({
  name: '@org/phased-fargate',
  description: 'Run a container on ECS Fargate in an order that keeps deployments from hanging: registry, then image, then service.',
  keywords: [
    'aws', 'aws-cdk', 'aws-ecs-patterns', 'cdk', 'ci-cd', 'container', 'continuous-deployment', 'deployment', 'docker', 'ecr', 'ecs',
    'fargate', 'github-actions', 'image', 'load-balancer',
  ],
  author: 'The phased-fargate authors',
  authorAddress: 'maintainers@phased-fargate.org',
  authorOrganization: true,
  license: 'Apache-2.0',
  repositoryUrl: 'https://github.com/org/phased-fargate.git',
  homepage: 'https://github.com/org/phased-fargate#readme',
  bugsUrl: 'https://github.com/org/phased-fargate/issues',
  defaultReleaseBranch: 'main',
  stability: 'experimental',
  projenrcTs: true,
  tsconfigDevFile: 'tsconfig.dev.json',

  cdkVersion: LOWEST_CDK,
  // With a newer version of constructs, Go consumers of aws-cdk-lib 2.220.0 do not compile.
  constructsVersion: '10.4.2',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0',
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.0.0',
  // npm publishes without a token from 11.5 on. This version of Node.js includes it.
  workflowNodeVersion: '24',
  lambdaAutoDiscover: false,
  npmignoreEnabled: false,
  npmAccess: javascript.NpmAccess.PUBLIC,

  devDeps: [
    '@types/node@^22',
    '@types/semver@^7',
    // The handlers that the benchmark compares import these packages.
    '@aws-sdk/client-codebuild@^3',
    '@aws-sdk/client-lambda@^3',
    '@aws-sdk/client-sfn@^3',
    '@cdklabs/deploy-time-build@^0.0.6',
    '@smithy/hash-node@^4',
    '@smithy/protocol-http@^5',
    '@smithy/signature-v4@^5',
    '@smithy/types@^4',
    // Dependencies of scripts/mutation-runner.mjs.
    '@jest/expect@^30',
    '@stryker-mutator/api@^9.6.1',
    '@stryker-mutator/core@^9.6.1',
    'jest-each@^30',
    'jest-mock@^30',
    // Dependency of test/jest/runtime.js.
    'jest-runtime@^30',
    // Independent judges of the rendered workflows: the workflow parser of GitHub, and the test suite of JSON Patch.
    '@actions/expressions@^0.3.61',
    '@actions/workflow-parser@^0.3.61',
    'json-patch-test-suite@^1.1.0',
    'aws-cdk@^2.1148.1',
    // The latest version on npm, 2.72.1, supports only the modules of CDK v1.
    'awslint@2.262.2-alpha.0',
    'cdk-nag@~2.37.55',
    // docker/build-push-action parses its list inputs with this package.
    'csv-parse@^6',
    'esbuild@^0.28',
    'fast-check@^4.10.2',
    'jsii-rosetta@~6.0.0',
    'semver@^7',
  ],
  // A jsii library must bundle all dependencies except its peers. They are loaded only to render a workflow.
  bundledDeps: ['fast-json-patch@^3.1.1', 'yaml@^2.9.1'],
  jestOptions: {
    // The projen default updates snapshots silently, so no snapshot would ever fail.
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestConfig: {
      maxWorkers: '100%',
      collectCoverage: false,
      // This runtime and environment load packages once for all test files of a worker, which halves the CPU time. Templates and
      // tokens stay in memory as long as the packages, so a worker restarts at this limit.
      workerIdleMemoryLimit: '1GB',
      runtime: './test/jest/runtime.js',
      testEnvironment: './test/jest/environment.js',
    },
  },
  eslintOptions: {
    dirs: ['src', 'test', 'scripts', 'bench'],
    projectService: false,
    tsconfigPath: './tsconfig.dev.json',
    commandOptions: { fix: false },
  },
  tsconfigDev: { compilerOptions: {}, include: ['.projenrc.ts'], exclude: ['examples', 'node_modules'] },

  // These registries trust the workflow itself, so no token is stored. A published package records the run that built it.
  npmTrustedPublishing: true,
  publishToPypi: { distName: 'phased-fargate', module: 'phased_fargate', trustedPublishing: true },
  publishToMaven: {
    javaPackage: 'io.github.org.phasedfargate',
    mavenGroupId: 'io.github.org',
    mavenArtifactId: 'phased-fargate',
  },
  publishToGo: { moduleName: 'github.com/org/phased-fargate-go', packageName: 'phasedfargate' },
  publishToNuget: { dotNetNamespace: 'Org.PhasedFargate', packageId: 'Org.PhasedFargate', trustedPublishing: true },
  // The first release of projen would be 0.0.0.
  nextVersionCommand: 'node -p "process.env.VERSION === \'0.0.0\' ? \'0.1.0\' : \'\'"',
  releasableCommits: ReleasableCommits.featuresAndFixes(),
  // Version 13 needs Node.js 22. test/checkout/fresh-clone.test.ts finds such versions.
  bumpPackage: 'commit-and-tag-version@^12',
  // The protection rules of this environment determine who can approve a release.
  releaseEnvironment: 'release',
  postBuildSteps: ['compat', 'test:package'].map((task) => ({ name: task, run: `npx projen ${task}` })),
  jsiiReleaseVersion: '0.2.1061',

  // The workflow checks a pull request but never changes it. It fails if generated files are out of date.
  buildWorkflowOptions: { mutableBuild: false, permissions: { contents: github.workflows.JobPermission.READ } },
  githubOptions: {
    mergify: false,
    pullRequestLintOptions: {
      semanticTitleOptions: { types: ['feat', 'fix', 'docs', 'test', 'perf', 'refactor', 'build', 'ci', 'chore', 'revert'] },
    },
  },
  pullRequestTemplateContents: [
    'What changes for users, and why?',
    '',
    'Fixes #',
    '',
    '- [ ] a test fails without the change',
    '- [ ] `npm test` passes, and `git status` is clean after it',
    '- [ ] the documentation covers it: docstrings, README, guides',
  ],
  depsUpgradeOptions: {
    // Most compromised releases are found within days.
    cooldown: 7,
    workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY },
  },

  // jsii-pacmak writes an .npmignore, but npm ignores that file if package.json has a list of files.
  gitignore: ['.npmignore', '.stryker-tmp/', 'cdk.out/', '.venv/', '.jsii.tabl.json', '*.tgz', '/reports/', '__pycache__/', '.DS_Store', '/.site/'],
});

// The library still builds on Node.js 20, for which jsii prints a warning.
project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');

// Newer versions of these two refer to Go modules that were never published.
project.package.addField('overrides', {
  '@aws-cdk/asset-node-proxy-agent-v6': '2.1.0',
  '@aws-cdk/cloud-assembly-schema': '48.6.0',
  // The bindings of 1.13.0 were published for some platforms only, so npm refuses to install them from a lockfile.
  'unrs-resolver': '1.12.2',
});

// No package needs its install script, because each falls back to a binary that npm has installed. npm lists scripts
// that are neither allowed nor denied.
project.package.addField('allowScripts', { '@parcel/watcher': false, 'esbuild': false, 'unrs-resolver': false });

// Handlers are bundled when the library is built, never during the synthesis of a user.
for (const room of ['guard', 'release-task']) {
  project.bundler.addBundle(`src/${room}/handler/index.lambda.ts`, {
    platform: 'node',
    target: 'node22',
    minify: true,
    mainFields: ['module', 'main'],
    // Loaded on demand, only for event streams. In the bundle, it would prevent tree shaking of other code.
    externals: ['@smithy/core/event-streams'],
  });
}
const HANDLERS = ['src/handler/**', 'src/guard/handler/**', 'src/release-task/handler/**'];
HANDLERS.forEach((files) => project.eslint?.allowDevDeps(files));
project.eslint?.addOverride({
  files: [...HANDLERS, 'src/guard/contract.ts', 'src/release-task/contract.ts', 'src/private/docker-commands.ts', 'src/private/cli-commands.ts', 'src/private/stack-actions.ts', 'src/registry/release-tag-prefix.ts'],
  rules: {
    'no-restricted-imports': ['error', { patterns: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'] }],
  },
});

// An explicit list of the published files, so that nothing else gets into the package. The bundles already contain the
// handlers.
project.package.addField('files', [
  '.jsii', '.jsii.tabl.json', 'API.md', 'assets', 'lib/**/*.js', 'lib/**/*.d.ts', '!lib/handler', '!lib/guard/handler', '!lib/release-task/handler',
  'src/pipeline/shell/*.sh', 'src/pipeline/github/check-commit-order.js',
]);

// Also runs when jsii-pacmak calls `npm pack`, for any language.
project.setScript('prepack', 'node scripts/require-bundles.mjs');

project.tasks.tryFind('package:dotnet')?.addCondition('command -v dotnet');

// Apps that use no pipelines do not load their code.
project.compileTask.exec('node scripts/lazy-exports.mjs');

project.tasks.tryFind('docgen')?.exec('node scripts/api-contents.mjs');

// Compiles every TypeScript block of the README and the docstrings.
const rosetta = project.addTask('rosetta:strict', {
  description: 'Compile the code blocks in README and docstrings',
  exec: 'jsii-rosetta extract --strict',
});
project.postCompileTask.spawn(rosetta);

// Findings of awslint that do not apply here. test/package fails if an entry is no longer needed.
new JsonFile(project, 'awslint.json', {
  obj: {
    exclude: [
      // The L2 constructs of aws-cdk-lib that accept our properties also require L2 interfaces.
      'prefer-ref-interface',
      // These values are written into a file for GitHub, which cannot resolve constructs.
      'props-no-arn-refs:@org/phased-fargate.DeployWorkflowProps.deployRoleArn',
      'props-no-arn-refs:@org/phased-fargate.DeployWorkflowProps.diffRoleArn',
      'props-no-arn-refs:@org/phased-fargate.DeployWorkflowProps.pushRoleArn',
      // The interface is ecr.IRepository, because any other repository can replace an ImageRegistry.
      'resource-interface:@org/phased-fargate.ImageRegistry',
      // This method overrides that of ecr.RepositoryBase, and also grants permission to sign.
      'no-grants:@org/phased-fargate.ImageRegistry.grantPush',
    ],
  },
});

// Tests that use the packed library.
const E2E_CONFIG = 'test/jest.e2e.json';
new JsonFile(project, E2E_CONFIG, {
  marker: false,
  obj: {
    testMatch: ['<rootDir>/**/*.e2e.ts'],
    transform: { '^.+\\.[t]sx?$': ['ts-jest', { tsconfig: 'tsconfig.dev.json' }] },
    reporters: ['default', ['jest-junit', { outputDirectory: 'test-reports' }]],
    globalSetup: '<rootDir>/shared-installations.ts',
    testTimeout: 600_000,
    maxWorkers: 2,
  },
});

const packed = project.addTask('test:package', {
  description: 'Check the API and the packed tarball (awslint, documentation, contents, publishing as a dry run)',
  exec: `jest --ci -c ${E2E_CONFIG} test/package`,
  env: { JEST_JUNIT_OUTPUT_NAME: 'package.xml' },
});
const newest = project.addTask('test:newest-cdk', {
  description: `Compile against aws-cdk-lib ${NEWEST_CDK}, the newest supported version, and run the tests that synthesize`,
  exec: `node scripts/test-with-cdk.mjs ${NEWEST_CDK}`,
});
const examples = project.addTask('test:examples', {
  description: 'Install the packed tarball in the examples, then compile, synthesize, and check them (cdk-nag, checkov, cfn-lint); check a matrix of options',
  exec: `jest --ci -c ${E2E_CONFIG} test/examples test/matrix`,
  env: { JEST_JUNIT_OUTPUT_NAME: 'examples.xml', NEWEST_CDK },
});
// The CDK CLI polls the status of a stack every five seconds, and leaves the CPU to other tests in the meantime.
const DEPLOY = `jest --ci --maxWorkers 4 -c ${E2E_CONFIG} test/e2e`;
const e2e = project.addTask('test:e2e', {
  description: 'Deploy the examples with the CDK CLI on a local AWS emulator',
  exec: DEPLOY,
  env: { JEST_JUNIT_OUTPUT_NAME: 'e2e.xml' },
});
const e2eFast = project.addTask('test:e2e:fast', {
  description: 'Run the files of test:e2e that take less than a minute each',
  exec: `${DEPLOY} --testPathIgnorePatterns /node_modules/ "\\.slow\\.e2e\\.ts$"`,
  env: { JEST_JUNIT_OUTPUT_NAME: 'e2e.xml' },
});

const containers = project.addTask('test:containers', {
  description: 'Run the tasks of the local AWS emulator in containers (needs Linux, root, runc, and busybox-static)',
  exec: `jest --ci -c ${E2E_CONFIG} test/containers`,
  env: { JEST_JUNIT_OUTPUT_NAME: 'containers.xml' },
});

const model = project.addTask('test:model', {
  description: 'Run the guard\'s bundle through thousands of random life cycles against a model of AWS (MODEL_SEED, MODEL_STORIES)',
  env: { JEST_JUNIT_OUTPUT_NAME: 'model.xml' },
});
model.spawn(project.preCompileTask);
model.exec(`jest --ci -c ${E2E_CONFIG} test/model`);

project.addTask('examples:render', {
  description: 'Regenerate the workflows and deploy.sh of the examples',
  exec: 'ts-node -P tsconfig.dev.json test/e2e/pipeline/render-examples.ts',
});

const languages = project.addTask('test:languages', {
  description: 'Install the package for each language in its example, and compare the templates (needs Java with Maven, and Go)',
  env: { JEST_JUNIT_OUTPUT_NAME: 'languages.xml' },
});
for (const language of ['python', 'java', 'go']) {
  languages.spawn(project.tasks.tryFind(`package:${language}`)!);
}
languages.exec(`jest --ci -c ${E2E_CONFIG} test/languages`);

// ts-jest only transpiles, so this checks the types.
project.testTask.exec('tsc --noEmit -p tsconfig.dev.json --isolatedModules false');

const unit = project.addTask('unit', { description: 'Run only the unit tests, except the slow ones' });
unit.spawn(project.preCompileTask);
unit.exec('jest --ci "$@" --testPathIgnorePatterns /node_modules/ "\\.slow\\.test\\.ts$"', { receiveArgs: true });

project.addTask('bench', {
  description: 'Run the benchmarks and write docs/benchmarks.md',
  steps: [{ spawn: 'bundle' }, { spawn: 'compile' }, { exec: 'ts-node -P tsconfig.dev.json bench/index.ts', receiveArgs: true }],
});
project.addTask('docs:pictures', {
  description: 'Redraw all pictures of the documentation, or only the named ones, such as phases.svg',
  steps: [{ spawn: 'prepare-package' }, { exec: 'ts-node -P tsconfig.dev.json scripts/pictures/index.ts', receiveArgs: true }],
});
const site = project.addTask('docs:site', {
  description: 'Generate the documentation site in .site/html, and check its links',
  exec: 'ts-node -P tsconfig.dev.json scripts/site/index.ts',
});
project.addTask('mutation', {
  description: 'Run mutation tests of the handlers with Stryker',
  // The seed is part of the name of a test, and Stryker matches coverage by name.
  env: { FAST_CHECK_RUNS: '10', FAST_CHECK_SEED: '1' },
  exec: 'stryker run',
  receiveArgs: true,
});

// The task of projen ignores breaking changes of an experimental library, and includes changes of aws-cdk-lib.
const compat = project.tasks.tryFind('compat')!;
compat.description = 'Compare the API with the last release on npm, if there is one; .compatignore lists the allowed breaking changes';
compat.reset('node scripts/compat.mjs .compatignore');

const prepare = project.addTask('prepare-package', { description: 'Bundle, compile, and pack the npm package' });
prepare.spawn(project.preCompileTask);
prepare.spawn(project.compileTask);
prepare.spawn(project.tasks.tryFind('package:js')!);

const aws = project.addTask('test:aws', {
  description: 'Run the test scenario on AWS and write docs/aws-report.md; costs about a dollar (--account 111122223333)',
  steps: [{ spawn: 'prepare-package' }, { exec: 'ts-node -P tsconfig.dev.json test/aws/index.ts story', receiveArgs: true }],
});
const awsCleanup = project.addTask('test:aws:cleanup', {
  description: 'Delete the resources that test:aws left in an account (--account 111122223333)',
  exec: 'ts-node -P tsconfig.dev.json test/aws/index.ts cleanup',
  receiveArgs: true,
});

const IN_CI = '[ -n "$CI" ]';
const verify = project.addTask('verify', {
  description: 'Run the required checks that need only Node.js and Python, as "npm test" does; with CI=true, also the newest CDK, more random stories, and the slow end-to-end tests',
});
verify.spawn(project.defaultTask!);
verify.spawn(project.preCompileTask);
verify.spawn(project.compileTask);
verify.spawn(project.postCompileTask);
// Runs before the slow checks. Outside of CI, generated files can be committed later.
verify.exec('.ci/no-diff', { condition: IN_CI });
verify.spawn(project.testTask);
verify.spawn(project.tasks.tryFind('package:js')!);
verify.spawn(compat);
verify.spawn(packed);
// Repeats unit tests.
verify.spawn(newest, { condition: IN_CI });
verify.spawn(examples);
verify.spawn(model);
verify.spawn(e2e, { condition: IN_CI });
verify.spawn(e2eFast, { condition: '[ -z "$CI" ]' });

const demo = project.addTask('demo', { description: 'Run the demo on a local AWS emulator' });
demo.spawn(prepare);
demo.exec('ts-node -P tsconfig.dev.json scripts/demo.ts');

// Checks that pull requests run after the build.
project.buildWorkflow?.addPostBuildSteps(...[newest, examples, model, e2e, languages, site].map((task) => ({
  name: task.name,
  run: `npx projen ${task.name}`,
})));

// Containers need root. The other end-to-end tests do not.
project.buildWorkflow?.addPostBuildSteps(
  { name: 'runc', run: 'sudo apt-get update -qq && sudo apt-get install -y -qq runc busybox-static' },
  { name: containers.name, run: `sudo env "PATH=$PATH" CI=true npx projen ${containers.name}` },
);

new AwsTestWorkflow(project.github!, { run: aws.name, cleanup: awsCleanup.name });

// Source maps would be two thirds of the installed code, and refer to sources that are not installed.
project.tryFindObjectFile('tsconfig.json')!.addOverride('compilerOptions.inlineSourceMap', false);
project.tryFindObjectFile('tsconfig.json')!.addDeletionOverride('compilerOptions.inlineSources');

// PyPI recognizes CDK libraries by these classifiers.
project.tryFindObjectFile('package.json')!.addOverride('jsii.targets.python.classifiers', ['Framework :: AWS CDK', 'Framework :: AWS CDK :: 2']);

// Commands that work in a fresh clone.
project.setScript('test', 'node scripts/with-dependencies.mjs verify');
project.setScript('unit', 'node scripts/with-dependencies.mjs unit');
project.setScript('demo', 'node scripts/with-dependencies.mjs demo');

// These workflows need fewer permissions than projen grants: one only reads a title, and the other pushes nothing.
project.tryFindObjectFile('.github/workflows/pull-request-lint.yml')?.addOverride('jobs.validate.permissions.pull-requests', 'read');
project.tryFindObjectFile('.github/workflows/release.yml')?.addOverride('jobs.release.permissions.contents', 'read');
new DocsSiteWorkflow(project.github!, site.name);
new HardenedWorkflows(project.github!);

// Better descriptions than those of projen.
for (const [task, description] of Object.entries({
  'bundle': 'Bundle the handlers into assets/',
  'compile': 'Compile with jsii, which checks the public API',
  'default': 'Generate files from .projenrc.ts, as "npx projen" does',
  'docgen': 'Write API.md',
  'build': 'Build everything that a release contains (then commit the files that have changed)',
  'bump': 'Set the next version, based on the latest git tag, and write its changelog entry',
  'clobber': 'Reset to the latest commit of origin, and delete all files that are not in Git',
  'eslint': 'Lint the code',
  'install': 'Install dependencies, and update the lockfile',
  'install:ci': 'Install dependencies exactly as the lockfile lists them',
  'package': 'Create the packages in dist/',
  'package:dotnet': 'Create the .NET package',
  'package:go': 'Create the Go module',
  'package:java': 'Create the Java package',
  'package:js': 'Create the npm package',
  'package:python': 'Create the Python package',
  'post-compile': 'Run the steps that follow the compilation, such as docgen',
  'post-upgrade': 'Run the steps that follow an upgrade of dependencies',
  'pre-compile': 'Run the steps that precede the compilation, such as bundle',
  'unbump': 'Restore the version 0.0.0',
  'package-all': 'Package for all languages (needs Java with Maven, Python, and Go; .NET if installed)',
  'release': 'Build with the next version and its changelog, without publishing',
  'test': 'Run all unit tests, lint, and a full type check ("npm test" runs more: see verify)',
  'test:watch': 'Rerun the affected unit tests on each change',
  'upgrade': 'Upgrade dependencies to releases that are at least 7 days old',
  'watch': 'Recompile on each change',
})) {
  project.tasks.tryFind(task)!.description = description;
}
new TaskTable(project, {
  'While you work': ['unit', 'test:watch', 'watch', 'eslint', 'test', 'demo'],
  'Required checks': ['verify', 'test:package', 'test:newest-cdk', 'test:examples', 'test:model', 'test:e2e', 'test:e2e:fast', 'test:containers', 'test:languages', 'compat', 'rosetta:strict'],
  'Tests on AWS, which cost money': ['test:aws', 'test:aws:cleanup'],
  'Generated files': ['default', 'bundle', 'compile', 'docgen', 'docs:pictures', 'docs:site', 'bench', 'mutation'],
  'Packages and releases': ['build', 'prepare-package', 'package-all', 'release', 'upgrade'],
}, 'Other tasks');

project.synth();
