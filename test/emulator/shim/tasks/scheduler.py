"""What runs all tasks and services: one thread, which the doors of ECS lock out while they work."""

import logging
import threading
import time

from ministack.core.responses import get_account_id, get_region, request_scope

LOCK = threading.RLock()
TICK = 0.02

_logger = logging.getLogger('tasks')
_running = []


def add(one):
    """Something with a tick, on behalf of the account and region of whoever adds it."""
    _running.append((one, get_account_id(), get_region()))


def start():
    threading.Thread(target=_run, daemon=True, name='tasks').start()


def _run():
    while True:
        with LOCK:
            for entry in list(_running):
                one, account, region = entry
                try:
                    with request_scope(account, region):
                        one.tick()
                        if one.is_over:
                            _running.remove(entry)
                except Exception:  # one that is broken must not stop the others
                    _logger.exception('%r is broken', one)
                    _running.remove(entry)
        time.sleep(TICK)
