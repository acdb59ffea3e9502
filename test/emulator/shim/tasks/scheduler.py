"""Runs all tasks and services in one thread, which the API of ECS locks out during requests."""

import contextvars
import logging
import threading
import time

from ministack.core.responses import get_account_id, get_region, request_scope

LOCK = threading.RLock()
TICK = 0.02

_logger = logging.getLogger('tasks')
_running = []


def add(one):
    """Adds an object with a tick, which runs with the account and region of the caller."""
    _running.append((one, get_account_id(), get_region()))


def in_background(work, *args):
    """Starts a thread with the account and region of the caller."""
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work, *args), daemon=True)
    thread.start()
    return thread


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
                except Exception:  # a broken one must not stop the others
                    _logger.exception('%r is broken', one)
                    _running.remove(entry)
        time.sleep(TICK)
