import { describeBadImages } from './tasks/bad-images';
import { script } from '../emulator/programs';

/** Bad images as processes of this machine. */

describeBadImages({ taskRuntime: 'process' }, (signal, code) => script(
  `process.on('${signal}', () => process.exit(${code})); console.log('ready'); setInterval(() => undefined, 1000);`));
