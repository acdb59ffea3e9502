"""
Time passes faster than on AWS. The rules are the same, with every duration as AWS states it.

Waits of AWS itself are shortened most. Time limits for programs, such as to start before health checks count, are shortened
less, because programs are no faster here. The timeout of a health check is the same as on AWS.
"""

import time

#: Seconds on AWS that equal one second here.
WAITING = 60
WORKING = 20

now = time.monotonic


def wait(seconds):
    """Duration of a wait of AWS itself: to drain, to provision or to retry."""
    return seconds / WAITING


def work(seconds):
    """Time limit of a program: to become healthy or unhealthy, or to exit."""
    return seconds / WORKING
