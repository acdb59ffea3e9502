"""
Memory limits. AWS kills a container that exceeds its hard limit. A task that exceeds its limit loses its largest container.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

import glob
import re

#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html
REASON = 'OutOfMemoryError: Container killed due to memory usage'
#: Seconds between two looks. The kernel of AWS acts at once.
INTERVAL = 0.5
MIB = 2 ** 20


def mebibytes(text):
    """`1024` or `1 GB`: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""
    number, unit = re.fullmatch(r'([\d.]+)\s*(GB)?', str(text), re.IGNORECASE).groups()
    return float(number) * (1024 if unit else 1)


def exceeding(used, limits, total):
    """The containers to kill, from the bytes that each has allocated, their limits, and the limit of the task in MiB."""
    over = [name for name, size in used.items() if size > (limits[name] or total) * MIB]
    return over or ([max(used, key=used.get)] if sum(used.values()) > total * MIB else [])


def allocated(process):
    """Bytes of a process and its descendants. Memory that they share counts once. Pages of files do not count: AWS reclaims them."""
    try:
        with open(f'/proc/{process}/smaps_rollup', encoding='ascii') as lines:
            own = next((int(line.split()[1]) for line in lines if line.startswith('Pss_Anon:')), 0)
    except OSError:  # it has just ended, or this is not Linux
        return 0
    return own * 1024 + sum(allocated(child) for child in children_of(process))


def children_of(process):
    children = []
    for path in glob.glob(f'/proc/{process}/task/*/children'):
        try:
            with open(path, encoding='ascii') as file:
                children += map(int, file.read().split())
        except OSError:  # the thread has just ended
            pass
    return children
