import { gunzipSync } from 'node:zlib';
import { Program } from './programs';

/** Binary compiled from static-program.c for Linux on x86-64. It runs on Fargate and in both runtimes of the emulator. */
const RELEASE = gunzipSync(Buffer.from([
  'H4sIAAAAAAACA6VTUWsTQRDeXHO1psbEF61vp5xoKblkg6KUIAlNdIMBK0YfhTS50mCbxGQDKQhWqg9ryA8Q/AtCH0PR9tqKQYVa8qA+SYVagy1VELFPPXc2',
  'd9KWUgUHjtn5dr6Zb+bYe7HEJcnhQLZJ6CKCaAqFRRy28ImOPykcu8DzwkhGTpEro+0W3uHPWzzbI2/bXftMM53o382iIcK+kMmV7y0/b4ybE6GjiMrEnF/7',
  'GcPNOojxyAuRJDZwM4aNG88B4TfXCftB2Aa5v+71Qo2o6iRsk8yZXWRuuYsl1UMJNn9wc7jhVCU0K3HSMM+R6r2iYJzNEbZaxzyYBh0J9tYjk4fGuEpq557w',
  'FoLRGjNNE1SEhMxvCfaSF/XIAAU5NAMLwc02ueYb57zIsz6hz4gBvsyvbBJhDd6gskJqVPVOw/QJZgC80erkbQj72NraarfrEIratLWnMLct4T1h7/g66p72',
  'WsjkuhLDr+JsMzLdBQk1eVHUWp31iBqvCXPykeQ3Ao2qXmyA66m7IbsRVYHl5Puohr2PUKhUPhWvFpR4dbAHm8QzIz0w6GFy23Tx/0Fqdw8srX1t3eEiQ+ly',
  'IF6t9IAwWNRMBBY54QBR5DH59SHBFsmJJdG/IaRDi4IyCz+vdYxX4GtmcO7m5/3abR+eT04mXygLdERXCvkiVbIlpagPl0t6xoVIMjnox1pACQYCytUrbtdA',
  'Pkf1HPUlxwt6v0L1CvUXRlPZnLjJ6Wmazef6lfRovqS7XW4Xujww0K+ciepD2VROwUEtqAV8+GxfRh/CwTLutSCEtNJIiRZpaghpUBRpxXwmRVNIS+fHxnhD',
  '9L/WzT/Yk/2W7Hc7ZcVY2pnv2MU/YmFBK/4khS3fjm+ivfm2P26dA7vy7Pd++i988B17zHXLAk+i/fX/Bi7R6xrABAAA',
].join(''), 'base64'));

/** A release that answers requests with a text and needs nothing else in its image. */
export function nativeRelease(text: string, port = 80): Program {
  return { files: { release: RELEASE }, config: { Cmd: ['/release', 'serve', String(port), text] } };
}

/** A release that prints a line and exits. */
export function nativeFailure(code: number, line: string): Program {
  return { files: { release: RELEASE }, config: { Cmd: ['/release', 'exit', String(code), line] } };
}

/** A release that creates a file and exits, with the error number of Linux if it cannot. */
export function nativeWriter(path: string): Program {
  return { files: { release: RELEASE }, config: { Cmd: ['/release', 'create', path] } };
}
