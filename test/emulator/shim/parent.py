"""Leaves nothing behind, whatever becomes of the process that started this one."""

import os
import shutil
import signal
import threading


def end_with_it(directory):
    """
    The parent holds the other end of our standard input, which the kernel closes when the parent is gone, however that
    came about. Then the whole process group goes, Lambda functions included, and our files with it.
    """
    def watch():
        while os.read(0, 1024):
            pass
        shutil.rmtree(directory, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name='parent').start()
