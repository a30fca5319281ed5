# SPDX-License-Identifier: MIT
"""Another program that wants something else."""
import subprocess


class Meanwhile:
    """A script that runs until /run/over is there."""

    def __init__(self, machine, script):
        self.machine = machine
        self.process = machine.popen("sh", "-c", script, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.machine.sh("touch /run/over")
        self.process.wait(10)
        self.machine.sh("rm /run/over")


class Fight(Meanwhile):
    """Does the same twenty times a second."""

    def __init__(self, machine, script, reader=":"):
        super().__init__(machine, f"while [ ! -e /run/over ]; do {script} 2>/dev/null; sleep 0.05; done | {reader} 2>/dev/null")
