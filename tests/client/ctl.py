# SPDX-License-Identifier: MIT
"""netnsctl in a folder of its own, with a daemon that answers as the test wants. No root."""
import os
import pty
import re
import subprocess
import termios
from pathlib import Path

from fake_daemon import FakeDaemon

ROOT = Path(__file__).parents[2]
NETNSCTL = Path(os.environ.get("NETNSD_BUILD", ROOT / "build")).resolve() / "netnsctl"
EVERYDAY = (ROOT / "conf/examples/everyday.json").read_text()
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")


class Ctl:
    def __init__(self, folder):
        self.folder = folder
        self.daemon = None
        self.environment = {"PATH": os.environ["PATH"], "TZ": "UTC", "NETNSD_SOCKET": "socket", "TERM": "xterm",
                            "LANG": "C.UTF-8"}
        (folder / "everyday.json").write_text(EVERYDAY)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def serve(self, **replies):
        """A daemon that answers Method=[reply, …]."""
        self.daemon = FakeDaemon(self.folder / "socket", replies)
        self.daemon.start()

    def close(self):
        if self.daemon:
            self.daemon.close()
        self.daemon = None

    def run(self, *args, stdin="", **environment):
        """(exit code, stdout, stderr)"""
        r = subprocess.run([NETNSCTL, *args], cwd=self.folder, env=self.environment | environment, text=True,
                           input=stdin, capture_output=True, timeout=10, check=False)
        assert not SANITIZER.search(r.stderr), r.stderr
        return r.returncode, r.stdout, r.stderr

    def popen(self, *args, **options):
        """A run that goes on."""
        return subprocess.Popen([NETNSCTL, *args], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, **options)

    def out(self, *args, **kwargs):
        """stdout of a run that must succeed."""
        code, out, err = self.run(*args, **kwargs)
        assert (code, err) == (0, "")
        return out

    def on_terminal(self, *args, columns=0, **environment):
        """What a terminal would receive, that has so many columns; 0: it does not say."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        process = subprocess.Popen([NETNSCTL, *args], cwd=self.folder, env=self.environment | environment,
                                   stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        os.close(theirs)
        text = b""
        while True:
            try:
                text += os.read(ours, 65536)
            except OSError:
                break
        os.close(ours)
        process.wait(10)
        text = text.decode()
        assert not SANITIZER.search(text), text
        return text.replace("\r\n", "\n")
