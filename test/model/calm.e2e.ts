import { expectNoViolations } from './life-cycles';

// Errors that only a fault brings about.
expectNoViolations({ stormy: false, rare: ['namesError'] });
