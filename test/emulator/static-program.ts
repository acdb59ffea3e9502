import { gunzipSync } from 'node:zlib';
import { Program } from './programs';

/** Binary compiled from static-program.c for Linux on x86-64. It runs on Fargate and in both runtimes of the emulator. */
const RELEASE = gunzipSync(Buffer.from([
  'H4sIAAAAAAACA61Tz2sTURB+2WZrjcasF6m3rQS0lG7zgkIJRVKa6AQDVoxeJWm2NNhmQ/IiLQhWqodHyX/hVegxFG03rZijkoOC',
  'oPRQa7ClClYoHrrO2x/SllI9+GCZme/NN/PNLO9RMn1N8vmIdyRylYhogcTtOO7i0PEnBbFBzIsTmfjtXJnsP/ED9pdEDliiOObW',
  'Z5bvJP9+FE8H/wJz69/bA9iYtmaHzhEmg7Wy+TNJW3UhJiSvDmeoSVtJat55KRC8uQ38B/BteLylKKJGIuwHvgsNqwsaa108Ez6d',
  '5isnd8eb/rBEloXUccyR6r12wRRvAN+oUwwWhY40fxOS4ak5E4balXvYwma0pyzLEiqGbJnf0vw1Fg3JAooitCQWQlsOudY/hLzh',
  'F322PjMp8DW88kjAm9hgeh1qLKwsiunT3BTwdrsT2wD/1N7bc9p12Ioc2uZzMbcn4T3wd7iOeshZC8xtqVCTPyA/xXdpC7gfB5A/',
  '2vU2hhe7iLMahZrLIdfvrgeF10yExa0fdzEfV1LzJXV2sFLtSc2PdlMLQkvSE5OdgftWAH8F1B6eeLv5tf0A9S2L/bcz6OGmuPAB',
  '/eNo+/WjeJh7pa6yCV0tGWWmFipqWR+vVvR8gEAmMzpAtYgajUTUmzeCgRGjyPQi68/MlPSYyvRpNlCazBaK9k1RH2MFoxhTxyaN',
  'ih4MBAPk+shITL2U0HOFbFGlUS2qRfrp5b68nqPRKu11IUK0ykSFlVk2RzRRlGhlI59lWaKNGVNT2JD8l3MKP7Es701472/BjXd8',
  'B/MPheSsi0Xd+JkUd60T3yVH8z173vUjh/K8d3vxL3xhO46Yq8cFL5Dj9f8GYMqUxogEAAA=',
].join(''), 'base64'));

/** A release that answers requests with a text and needs nothing else in its image. */
export function nativeRelease(text: string, port = 80): Program {
  return { files: { release: RELEASE }, config: { Cmd: ['/release', 'serve', String(port), text] } };
}

/** A release that prints a line and exits. */
export function nativeFailure(code: number, line: string): Program {
  return { files: { release: RELEASE }, config: { Cmd: ['/release', 'exit', String(code), line] } };
}
