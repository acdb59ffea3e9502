"""Stand-in for the part of jq that pipelines use: `jq --raw-output --exit-status --arg <name> <value> … <filter> <file>`."""

import sys

import jq

*options, program, file = sys.argv[1:]
if options[:2] != ['--raw-output', '--exit-status'] or any(option != '--arg' for option in options[2::3]):
    raise SystemExit(f'jq: only --raw-output --exit-status --arg is known here, not {options}')
with open(file) as opened:
    result = jq.compile(program, args=dict(zip(options[3::3], options[4::3]))).input_text(opened.read()).first()
print('null' if result is None else result)
sys.exit(result in (None, False))
