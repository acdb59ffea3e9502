"""jq, as far as pipelines use it: `jq --raw-output --exit-status <filter> <file>`."""

import sys

import jq

*options, program, file = sys.argv[1:]
if options != ['--raw-output', '--exit-status']:
    raise SystemExit(f'jq: only --raw-output --exit-status is known here, not {options}')
with open(file) as opened:
    result = jq.compile(program).input_text(opened.read()).first()
print('null' if result is None else result)
sys.exit(result in (None, False))
