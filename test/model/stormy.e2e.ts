import { expectNoViolations } from './life-cycles';

expectNoViolations({ stormy: true, rare: [] });
