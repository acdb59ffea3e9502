// What stands in for Docker on the PATH: `docker login` and `docker buildx build --push`, the way deploy.sh calls them.
require('ts-node').register({ transpileOnly: true, project: require('node:path').join(__dirname, '../../../tsconfig.dev.json') });
const { existsSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { buildAndPush } = require('./image-builder');

const login = join(process.env.HOME, 'docker-login');
const [command, ...args] = process.argv.slice(2);

async function main() {
  if (command === 'login') return writeFileSync(login, args.at(-1));
  const { values, positionals } = parseArgs({
    args: args.slice(1),
    allowPositionals: true,
    options: {
      'platform': { type: 'string' },
      'push': { type: 'boolean' },
      'tag': { type: 'string', multiple: true },
      'file': { type: 'string' },
      'target': { type: 'string' },
      'build-arg': { type: 'string', multiple: true },
      'provenance': { type: 'string' },
    },
  });
  if (command !== 'buildx' || args[0] !== 'build' || !values.push) throw new Error(`docker: unknown command: ${[command, ...args].join(' ')}`);
  if (!existsSync(login)) throw new Error('401 Unauthorized');
  const emulator = { endpoint: process.env.AWS_ENDPOINT_URL, env: process.env };
  return buildAndPush(emulator, {
    context: positionals[0],
    dockerfile: values.file ?? join(positionals[0], 'Dockerfile'),
    tags: values.tag,
    platforms: values.platform.split(','),
    provenance: values.provenance !== 'false',
  });
}

main().catch((error) => {
  console.error(`ERROR: ${error.message}`);
  process.exitCode = 1;
});
