import { expectNoViolations } from './life-cycles';

// Errors that only a fault causes.
expectNoViolations({ stormy: false, rare: ['namesError'] });
