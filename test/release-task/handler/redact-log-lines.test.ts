import { shownLines } from '../../../src/release-task/handler/last-log-lines';
import { redactLogLines } from '../../../src/release-task/handler/redact-log-lines';

const NAMES = ['DATABASE_URL', 'STRIPE_KEY'];
const same = (text: string) => text;

test.each([
  ['a variable that contains a secret', 'DATABASE_URL=correct horse battery staple', 'DATABASE_URL=[redacted]'],
  ['a secret variable in quotes', 'export STRIPE_KEY="a b" OTHER=1', 'export STRIPE_KEY=[redacted] OTHER=1'],
  ['a secret variable in code', 'process.env.STRIPE_KEY = abc', 'process.env.STRIPE_KEY = [redacted]'],
  ['a secret variable in JSON', '{"DATABASE_URL":"a \\" b","port":5432}', '{"DATABASE_URL":[redacted],"port":5432}'],
  ['a value whose name suggests a secret', 'DB_PASSWORD=hunter2 user=bob', 'DB_PASSWORD=[redacted] user=bob'],
  ['a value in JSON within JSON whose name suggests a secret', '{\\"apiToken\\":\\"abc\\"} rest', '{\\"apiToken\\":[redacted]} rest'],
  ['a value in a Ruby object whose name suggests a secret', '{:secret=>"abc", :a=>1}', '{:secret=>[redacted], :a=>1}'],
  ['a command option', 'mysql --password hunter2 -h db', 'mysql --password [redacted] -h db'],
  ['a command option with an equals sign', 'mysql --password=hunter2 -h db', 'mysql --password=[redacted] -h db'],
  ['a header', 'Authorization: Bearer abc.def then', 'Authorization: [redacted] then'],
  ['a password in a URL', 'postgres://app:p:w/d@x@db:5432/shop', 'postgres://app:[redacted]@db:5432/shop'],
  ['a password in a URL without a user', 'redis://:pw@cache:6379', 'redis://:[redacted]@cache:6379'],
  ['an AWS key', 'key AKIAIOSFODNN7EXAMPLE used', 'key [redacted] used'],
  ['a JSON web token', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-9', 'got [redacted]'],
  ['a GitHub token', 'remote: ghp_0123456789abcdefghij', 'remote: [redacted]'],
  ['a private key', 'x\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\ny', 'x\n[redacted]\ny'],
  ['a private key whose beginning is cut off', `${'Qk1'.repeat(22)}\nnext`, '[redacted]\nnext'],
])('%s is redacted', (_, text, expected) => {
  expect(redactLogLines(text, NAMES)).toBe(expected);
});

test.each([
  'error: relation "users" already exists',
  'password authentication failed for user "app"',
  'no such file: /var/lib/app/token.txt',
  'SyntaxError: Unexpected token } in JSON at position 5',
  'at Object.<anonymous> (/usr/src/app/migrations/007-add-orders.js:12:5)',
  `pulled registry/app@sha256:${'0123456789abcdef'.repeat(4)}`,
  'commit 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c',
  'connect ECONNREFUSED postgres://db:5432/shop',
  'see https://docs.example.com/migrations?id=7#fix',
])('text that is not a secret stays unchanged: %s', (text) => {
  expect(redactLogLines(text, NAMES)).toBe(text);
});

test('names are matched literally, not as patterns', () => {
  expect(redactLogLines('A.B=1 AxB=2', ['A.B'])).toBe('A.B=[redacted]');
  expect(redactLogLines('AxB=2', ['A.B'])).toBe('AxB=2');
});

test('lines lose colors, titles, and control characters, and empty lines are removed', () => {
  expect(shownLines(['\u001b[1;31merror\u001b[0m\r', '\u001b]0;title\u0007done\u0000 and\tdone', '\u0007', '', 'two\nlines'], same, [])).toEqual([
    'error', 'done and done', 'two', 'lines',
  ]);
});

test('a color does not hide a secret', () => {
  expect(shownLines(['DATABASE_URL\u001b[33m=\u001b[0mhunter2'], same, NAMES)).toEqual(['DATABASE_URL=[redacted]']);
});

test('no part of a secret is shown at the end of a shortened line', () => {
  const [line] = shownLines([`${'x '.repeat(494)}token=${'s'.repeat(5_000)}`], same, []);

  expect(line).toHaveLength(1_000);
  expect(line).not.toContain('s');
});

test.each(['a://:', '-', 'token=', 'eyJ.', '"token":"', '-----BEGIN A', `${'A'.repeat(61)} `, '\u001b]', '\u001b[', '--token ', "'", '\\"', 'a.'])(
  'lines of any length and kind are processed quickly: %j', (part) => {
    const start = process.cpuUsage();
    shownLines(Array.from({ length: 20 }, () => part.repeat(50_000)), same, NAMES);

    // Measures CPU time, so the load of the machine does not matter.
    expect(process.cpuUsage(start).user / 1_000).toBeLessThan(1_000);
  });
