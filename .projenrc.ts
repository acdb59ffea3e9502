import { awscdk, javascript } from 'projen';

const LOWEST_CDK = '2.220.0';

const project = new awscdk.AwsCdkConstructLibrary({
  name: '@org/phased-fargate',
  description: 'Run a container on ECS Fargate in the order that cannot hang: registry, then image, then service.',
  keywords: ['aws', 'cdk', 'ecs', 'fargate', 'ecr', 'container', 'deployment', 'image'],
  author: 'The phased-fargate authors',
  authorAddress: 'maintainers@phased-fargate.org',
  authorOrganization: true,
  license: 'Apache-2.0',
  repositoryUrl: 'https://github.com/org/phased-fargate.git',
  defaultReleaseBranch: 'main',
  stability: 'experimental',
  projenrcTs: true,
  tsconfigDevFile: 'tsconfig.dev.json',

  cdkVersion: LOWEST_CDK,
  // Go consumers of aws-cdk-lib 2.220.0 do not compile with any newer constructs.
  constructsVersion: '10.4.2',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0',
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.0.0',
  workflowNodeVersion: '22',
  lambdaAutoDiscover: false,
  npmAccess: javascript.NpmAccess.PUBLIC,

  devDeps: [
    '@types/node@^22',
    '@smithy/hash-node@^4',
    '@smithy/protocol-http@^5',
    '@smithy/signature-v4@^5',
    '@smithy/types@^4',
    'aws-cdk@^2.1148.1',
    'cdk-nag@~2.37.55',
    'esbuild@^0.28',
    'fast-check@^4.10.2',
    'jsii-rosetta@~6.0.0',
  ],
  jestOptions: {
    // projen's default updates snapshots silently, so that none of them can ever fail.
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestConfig: { testPathIgnorePatterns: ['/node_modules/', '/test/e2e/'] },
  },
  eslintOptions: { dirs: ['src', 'test', 'examples', 'scripts'], commandOptions: { fix: false } },
  tsconfigDev: { include: ['scripts/**/*.ts'], exclude: ['examples', 'node_modules'] },

  publishToPypi: { distName: 'phased-fargate', module: 'phased_fargate' },
  publishToMaven: {
    javaPackage: 'io.github.org.phasedfargate',
    mavenGroupId: 'io.github.org',
    mavenArtifactId: 'phased-fargate',
  },
  publishToGo: { moduleName: 'github.com/org/phased-fargate-go' },
  publishToNuget: { dotNetNamespace: 'Org.PhasedFargate', packageId: 'Org.PhasedFargate' },

  gitignore: ['cdk.out/', '.venv/', '*.tgz', '/reports/', '.DS_Store'],
  npmignore: [
    '/.ci/', '/docs/', '/examples/', '/scripts/', '/rosetta/', '/lib/guard/handler/', '/CONTRIBUTING.md', '/reports/',
  ],
});

// Newer versions of these two name Go modules that were never published.
project.package.addField('overrides', {
  '@aws-cdk/asset-node-proxy-agent-v6': '2.1.0',
  '@aws-cdk/cloud-assembly-schema': '48.6.0',
});

// The guard's handler is bundled when the library is built, never at a consumer's synth.
project.bundler.addBundle('src/guard/handler/index.lambda.ts', {
  platform: 'node',
  target: 'node22',
  minify: true,
  mainFields: ['module', 'main'],
});
project.eslint?.allowDevDeps('src/guard/handler/**');
project.eslint?.addOverride({
  files: ['src/guard/handler/**'],
  rules: {
    'no-restricted-imports': ['error', { patterns: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'] }],
  },
});

project.tasks.tryFind('package:dotnet')?.addCondition('command -v dotnet');

project.synth();
