# SPDX-License-Identifier: MIT
"""netnsctl capture on a machine, and a reader of capture files that knows nothing of netnsctl's writer."""
import re
import signal
import struct
from collections import namedtuple

from machine import NETNSCTL, sanitized, wait_for

Packet = namedtuple("Packet", "interface nsec captured length data")

# draft-ietf-opsawg-pcapng, section 4
SECTION, INTERFACE, STATISTICS, PACKET = 0x0a0d0d0a, 1, 5, 6
# isb_…: their names, for those that count
COUNTS = {5: "ifdrop", 6: "accepted", 7: "dropped", 8: "delivered"}


def options(body):
    """{code: value}; they have to end properly."""
    found, at = {}, 0
    while True:
        code, length = struct.unpack_from("=HH", body, at)
        if code == 0:
            assert at + 4 == len(body)
            return found
        found[code] = body[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


class CaptureFile:
    """All of a file of one section, each interface a dict."""
    def __init__(self, data):
        self.interfaces, self.packets = [], []
        at = 0
        while at < len(data):
            kind, length = struct.unpack_from("=II", data, at)
            assert length % 4 == 0 and at + length <= len(data), "cut off"
            assert struct.unpack_from("=I", data, at + length - 4) == (length,)
            self.block(kind, data[at + 8:at + length - 4], first=at == 0)
            at += length

    def block(self, kind, body, first):
        assert (kind == SECTION) == first
        if kind == SECTION:
            assert struct.unpack_from("=IHH", body) == (0x1a2b3c4d, 1, 0)
        elif kind == INTERFACE:
            link_type, _, snaplen = struct.unpack_from("=HHI", body)
            extra = options(body[8:])
            assert extra[9] == b"\x09", "nanoseconds"
            self.interfaces.append({"name": extra[2].decode(), "link_type": link_type, "snaplen": snaplen,
                                    "filter": extra.get(11, b"\0")[1:].decode()})
        elif kind == PACKET:
            i, high, low, captured, length = struct.unpack_from("=5I", body)
            assert len(body) == 20 + (captured + 3) // 4 * 4
            self.packets.append(Packet(self.interfaces[i]["name"], high << 32 | low, captured, length, body[20:20 + captured]))
        else:
            assert kind == STATISTICS
            self.statistics(body)

    def statistics(self, body):
        interface = self.interfaces[struct.unpack_from("=I", body)[0]]
        assert "accepted" not in interface, "one block for each interface"
        extra = options(body[12:])
        interface |= {name: struct.unpack("=Q", extra[code])[0] for code, name in COUNTS.items()}

    def names(self):
        return [i["name"] for i in self.interfaces]

    def of(self, name):
        return [p for p in self.packets if p.interface == name]

    def find(self, name):
        return next(i for i in self.interfaces if i["name"] == name)

    def assert_in_order(self):
        times = [p.nsec for p in self.packets]
        assert times == sorted(times)


class Capture:
    """One netnsctl capture that runs on @machine; @before is for the shell that becomes it."""
    runs = 0

    def __init__(self, machine, *args, before="", wait=True, **options):
        Capture.runs += 1
        self.machine, self.file = machine, f"/run/capture{Capture.runs}.pcapng"
        self.said = machine.root / f"run/capture{Capture.runs}.err"
        self.number = machine.root / f"run/capture{Capture.runs}.pid"
        outer = ["-w", self.file] if "-w" not in args and "stdout" not in options else []
        self.process = machine.popen("sh", "-c", f'echo $$ >/run/{self.number.name}; {before}\nexec "$@" 2>/run/{self.said.name}',
                                     "sh", NETNSCTL, "capture", *outer, *args, **options)
        if wait:
            wait_for(lambda: "Ctrl-C" in self.errors() or self.process.poll() is not None)

    def errors(self):
        return self.said.read_text() if self.said.exists() else ""

    def pid(self):
        return int(self.number.read_text())

    def kill(self, number):
        self.machine.run("kill", f"-{int(number)}", self.pid())

    def proc(self, name):
        return (self.machine.root / f"proc/{self.pid()}/{name}").read_text()

    def caught(self):
        """The signals that it handles, as bits."""
        return int(re.search(r"^SigCgt:\s+(\w+)", self.proc("status"), re.M)[1], 16)

    def stop(self):
        """As Ctrl-Z does; and nsenter, which watches over it."""
        self.kill(signal.SIGSTOP)
        wait_for(lambda: re.search(r"^State:\s+T", self.proc("status"), re.M))

    def resume(self):
        self.kill(signal.SIGCONT)
        self.process.send_signal(signal.SIGCONT)

    def done(self, code=0):
        """Waits until it has ended by itself; what it said after its first line."""
        found = self.process.wait(30)
        text = sanitized(self.errors())
        assert found == code, text
        return text.partition("Ctrl-C ends it\n")[2]

    def end(self, number=signal.SIGINT, code=0):
        self.kill(number)
        return self.done(code)

    def read(self):
        return CaptureFile((self.machine.root / self.file.lstrip("/")).read_bytes())
