# SPDX-License-Identifier: MIT
"""A terminal on the machine, in tmux: what stands on it, and what is typed."""
import re
import subprocess

from machine import ENVIRONMENT, sanitized, wait_for

PROMPT = "ready$"


class Screen:
    """A shell on a terminal of that size."""

    def __init__(self, machine, columns=80, rows=24, **environment):
        self.machine = machine
        self.server = ["tmux", "-S", str(machine.folder / "tmux"), "-f", "/dev/null"]
        env = ENVIRONMENT | {"TERM": "screen", "PS1": PROMPT + " ", "HISTFILE": "/dev/null"} | environment
        subprocess.run([*machine.enter, *self.server, "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-i"],
                       env=env, check=True)
        self.tmux("set", "-g", "window-size", "manual")
        self.tmux("set", "-g", "status", "off")
        self.resize(columns, rows)
        self.wait(PROMPT)

    def tmux(self, *args):
        return subprocess.run([*self.machine.enter, *self.server, *map(str, args)], env=ENVIRONMENT, text=True,
                              stdout=subprocess.PIPE, check=True).stdout

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.keys("Enter")

    def lines(self, *options):
        """What stands there; with "-e" in colours."""
        return sanitized(self.tmux("capture-pane", "-p", *options)).splitlines()

    def text(self, *options):
        return "\n".join(self.lines(*options))

    def is_alternate(self):
        return self.tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def has_cursor(self):
        return self.tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def wait(self, pattern, *options, gone=False):
        """The match of a regular expression, once it stands there; with gone, once it does not."""
        pattern = re.compile(pattern.replace("$", r"\$"), re.M)
        return wait_for(lambda: gone if not (found := pattern.search(self.text(*options))) else not gone and found)

    def close(self):
        self.tmux("kill-server")
        wait_for(lambda: not [args for _, name, args in self.machine.listed() if args and name.startswith("tmux")])
