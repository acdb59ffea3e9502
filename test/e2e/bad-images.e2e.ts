import { describeBadImages } from './tasks/bad-images';
import { script } from '../emulator/programs';

/** Bad images as processes of this machine. */

describeBadImages({ taskRuntime: 'process' }, {
  endsBySignal: (signal, code) => script(
    `process.on('${signal}', () => process.exit(${code})); console.log('ready'); setInterval(() => undefined, 1000);`),
  hangs: ['node', '-e', "require('child_process').spawn('node', ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'inherit' })"],
});
