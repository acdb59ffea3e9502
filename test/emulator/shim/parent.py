"""Cleans up even if the process that started this one is killed."""

import os
import shutil
import signal
import threading


def end_with_it(directory):
    """
    The parent holds the other end of our standard input, which the kernel closes when the parent ends for any reason.
    Then the whole process group ends, including Lambda functions, and our files are deleted.
    """
    def watch():
        while os.read(0, 1024):
            pass
        shutil.rmtree(directory, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name='parent').start()
