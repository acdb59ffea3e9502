import { describeTasks, Programs } from './tasks/behavior';
import { script } from '../emulator/programs';

/** Tasks as processes of this machine, which needs no more than Node.js and Python. */

const NODE: Programs = {
  server: (text, { port = 80, host, user } = {}) => script(`
    require('node:http').createServer((request, response) => response.end(${JSON.stringify(text)})).listen(${JSON.stringify({ port, host })});
    process.on('SIGTERM', () => process.exit());
  `, { User: user }),
  exits: (code, line) => script(`console.log(${JSON.stringify(line)}); process.exitCode = ${code};`),
  tells: (variables, config) => script(`
    console.log(${variables.map((name) => `process.env.${name}`)}, process.cwd(), process.getuid());
  `, config),
  waits: ({ deaf } = { deaf: false }) => script(`setInterval(() => undefined, 1000); process.on('SIGTERM', () => ${deaf ? undefined : 'process.exit()'});`),
};

describeTasks({ taskRuntime: 'process' }, NODE);
