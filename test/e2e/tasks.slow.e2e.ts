import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describeTasks, Programs } from './tasks/behavior';
import { ServiceStack } from './tasks/service-stack';
import { script } from '../emulator/programs';
import { python } from '../emulator/venv';

/** Tasks as processes of this machine, which need only Node.js and Python. */

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
  allocates: (mebibytes) => script(`const bytes = Buffer.alloc(${mebibytes * 2 ** 20}, 1); setInterval(() => bytes, 1000);`),
};

describeTasks({ taskRuntime: 'process' }, NODE);

test('a healthy task resets the count of the circuit breaker unless this is turned off', () => {
  const counted = execFileSync(python(), [join(__dirname, 'tasks/failures.py')], { encoding: 'utf8' });
  expect(JSON.parse(counted)).toEqual({ True: 'IN_PROGRESS', False: 'FAILED' });
});

test('two Node.js programs can use the same port even if tasks share the network of the machine', async () => {
  const stack = await ServiceStack.start({ sharedNetwork: true });
  try {
    for (const tag of ['one', 'two']) await stack.push(tag, NODE.server(tag, { port: 80 }));
    expect(await stack.deploy({ tag: 'one', port: 80, tasks: 2 })).toBe('CREATE_COMPLETE');
    expect((await stack.get()).text).toBe('one');
    expect(await stack.deploy({ tag: 'two', port: 80, tasks: 2 })).toBe('UPDATE_COMPLETE');
    expect((await stack.get()).text).toBe('two');
  } finally {
    await stack.emulator.stop();
  }
});
