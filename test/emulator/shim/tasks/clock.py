"""
Time passes faster than on AWS. The rules are the same, and every duration in them is written as AWS states it.

What only AWS waits for is over soonest. What a program has to get done in the time, such as to start before its health
checks count, it needs more of, because programs are no faster here. An answer to a health check may take as long as on AWS.
"""

import time

#: Seconds on AWS that are one here.
WAITING = 60
WORKING = 20

now = time.monotonic


def wait(seconds):
    """As long as AWS waits for itself: to drain, to provision, to try again."""
    return seconds / WAITING


def work(seconds):
    """As long as a program has: until it counts as healthy or not, or to end."""
    return seconds / WORKING
