"""
Runs MiniStack with patches, so that it behaves as AWS does wherever the guard depends on it.

MiniStack is an emulator of AWS in one Python process. The patches replace some of its functions, so its version is
pinned. Every patch describes the behavior of AWS. ../emulator.ts runs this file. Do not run it manually: it ends as soon
as its standard input closes.
"""

import os

import builds
import custom_resources
import imports
import parameters
import parent
import registry
import rollbacks
import tasks
import unknown_types
from ministack import app

parent.end_with_it(directory=os.environ['SHIM_DIRECTORY'])

unknown_types.install()
builds.install()
registry.install(endpoint=f'http://{os.environ["BIND_HOST"]}:{os.environ["GATEWAY_PORT"]}')
imports.install()
parameters.install()
custom_resources.install(log=os.environ['SHIM_REQUEST_LOG'])
rollbacks.install()
tasks.install(directory=os.environ['SHIM_DIRECTORY'], gateway_port=os.environ['GATEWAY_PORT'])

app.main()
