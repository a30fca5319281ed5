# SPDX-License-Identifier: MIT
"""A stream of pings on a guest, 100 per second, of which none may be lost."""
import os
import re
import signal
import subprocess

from guest import children


class Pings:
    def __init__(self, guest, address):
        """From the host to @address."""
        self.guest = guest
        # The kernel forwards on a new veth pair only shortly after it is up.
        guest.run("ping", "-c1", "-w5", address)
        self.process = guest.popen("ping", "-n", "-D", "-i", "0.01", "-W", "2", address, stdout=subprocess.PIPE)

    def assert_none_lost(self, seconds):
        """Ends the stream, which ran for at least @seconds. The last ones may still be on their way."""
        os.kill(children(self.process.pid)[0], signal.SIGINT)
        out = self.process.communicate(timeout=10)[0]
        seen = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", out)]
        sent = int(re.search(r"(\d+) packets transmitted", out)[1])
        lost = sorted(set(range(1, max(seen, default=sent) + 1)) - set(seen))
        assert not lost and sent - len(seen) < 10, f"{sent} {lost}\n{out}" + self.guest.sh("journalctl -b -u netnsd -o short-unix --no-pager")
        assert len(seen) > 50 * seconds, out
