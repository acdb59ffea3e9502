"""Time passes faster than on AWS. The rules are the same, and every duration in them is written as AWS states it."""

import os
import time

#: A minute on AWS is a second here. Only answers to health checks get the time they get on AWS, because programs are no faster.
FACTOR = float(os.environ.get('SHIM_TIME_FACTOR') or 60)


def now():
    """Seconds as AWS counts them."""
    return time.monotonic() * FACTOR


def sleep(seconds):
    time.sleep(seconds / FACTOR)
