// Stand-in for Docker on the PATH: the commands that pipelines use, with the registries of the emulator.
require('../../emulator/commands/typescript.cjs');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseBuild } = require('./buildx-arguments');
const { ImageBuilder } = require('./image-builder');

const { HOME, DOCKER_CONFIG = HOME, AWS_ENDPOINT_URL, BUILDX_BUILDER } = process.env;
const builder = new ImageBuilder({ endpoint: AWS_ENDPOINT_URL, env: process.env }, process.cwd(), join(HOME, 'builds.log'));

const COMMANDS = {
  'login': (...args) => {
    if (readFileSync(0, 'utf8') !== 'password\n') throw new Error('login attempt failed with status: 400 Bad Request');
    writeFileSync(fileOf('login', args.at(-1)), '');
  },
  'buildx inspect': (name) => {
    if (!existsSync(fileOf('builder', name))) throw new Error(`no builder "${name}" found`);
  },
  'buildx create': (...args) => {
    const name = args[args.indexOf('--name') + 1];
    if (args.join(' ') !== `--name ${name} --driver docker-container`) throw new Error(`unknown options: ${args.join(' ')}`);
    writeFileSync(fileOf('builder', name), '');
  },
  'buildx build': async (...args) => {
    const request = parseBuild(args, process.env);
    request.tags.forEach(requireLogin);
    const isBare = !BUILDX_BUILDER || !existsSync(fileOf('builder', BUILDX_BUILDER));
    if (isBare && (request.platforms.length > 1 || request.compression)) throw new Error('this feature is not supported for the docker driver');
    await builder.build(request);
  },
  'buildx imagetools': async (command, ...args) => {
    const [exact, option, tag, source, ...others] = args;
    if (command !== 'create' || exact !== '--prefer-index=false' || option !== '--tag' || others.length > 0) throw new Error(`unknown options: ${args.join(' ')}`);
    [tag, source].forEach(requireLogin);
    await builder.copy(source, tag);
  },
};

async function main() {
  const args = process.argv.slice(2);
  const [name, rest] = args[0] === 'buildx' ? [args.slice(0, 2).join(' '), args.slice(2)] : [args[0], args.slice(1)];
  if (!COMMANDS[name]) throw new Error(`docker: unknown command: ${args.join(' ')}`);
  await COMMANDS[name](...rest);
}

function requireLogin(reference) {
  const [registry] = reference.split('/');
  if (!existsSync(fileOf('login', registry))) throw new Error(`${registry}: 401 Unauthorized`);
}

function fileOf(kind, name) {
  return join(DOCKER_CONFIG, `docker-${kind}-${name}`);
}

main().catch((error) => {
  console.error(`ERROR: ${error.message}`);
  process.exitCode = 1;
});
