# SPDX-License-Identifier: MIT
"""Two namespaces whose link is shaped, and what is measured on it."""
import json
import math
import re
from pathlib import Path

from machine import wait_for

TRAFFIC = Path(__file__).with_name("traffic.py")
MARK = "4e44:"


def lab(**shaping):
    """a/eth0 to b/eth0; @shaping: netem, tbf of a/eth0."""
    return {"namespaces": {
        "a": {"interfaces": {"eth0": {"kind": "veth", "peer": "b/eth0", "addresses": ["10.0.0.1/24"], **shaping}}},
        "b": {"interfaces": {"eth0": {"addresses": ["10.0.0.2/24"]}}},
    }}


def qdiscs(machine, netns="a", *which):
    """As tc shows them, without the kernel's own."""
    tc = ["tc", *(["-n", netns] if netns else []), "-j", "qdisc", "show", *which]
    found = [q for q in json.loads(machine.run(*tc).stdout) if q["handle"] != "0:"]
    for q in found:
        q.pop("refcnt", None)
    return found


def kinds(machine, *where):
    return [(q["kind"], q["handle"], q.get("parent", "root")) for q in qdiscs(machine, *where)]


def min_rtt(machine, netns="a", address="10.0.0.2", count=12):
    """In milliseconds; the first answer waits for ARP."""
    out = machine.run("ip", "netns", "exec", netns, "ping", "-n", "-q", "-c", count, "-i", "0.05", "-w", 30, address).stdout
    return float(re.search(r"= ([\d.]+)/", out)[1])


def is_delayed(rtt, unshaped, milliseconds):
    """Within 5 % or 0.5 ms, whichever is larger, above the same path unshaped."""
    return abs(rtt - unshaped - milliseconds) <= max(0.05 * milliseconds, 0.5)


def send(machine, count, size=1000, gap=0, source="a", target="b", address="10.0.0.2"):
    """[number, sent, received, bytes with headers] of each datagram that arrives; sent once ARP is done, which what is lost
    on purpose delays by seconds."""
    ping = ["ip", "netns", "exec", source, "ping", "-n", "-q", "-c", 1, "-W", 1, address]
    wait_for(lambda: machine.run(*ping, code=None).returncode == 0, 60)
    return json.loads(machine.run("/usr/bin/python3", TRAFFIC, source, target, address, count, size, gap, timeout=120).stdout)


def is_binomial(found, count, share):
    """@found of @count, each with probability @share: by chance it is further off less often than once in 10^11 times."""
    return abs(found - count * share) <= 7 * math.sqrt(count * share * (1 - share)) + 1


def throughput(got, burst=0):
    """Bits a second, after @burst bytes that may have left at once."""
    bytes_sent = sum(size for _, _, _, size in got[1:]) - burst
    return 8 * bytes_sent / (got[-1][2] - got[0][2])


def has_throughput(machine, bits, burst, *what, **more):
    """Within 10 % of @bits a second, after @burst bytes; measured again if the machine stood still for a moment."""
    return any(abs(throughput(send(machine, *what, **more), burst) - bits) < bits / 10 for _ in range(3))


def heals(machine, command, before):
    """What @command of tc does to a/eth0 is undone: its qdiscs are those of @before again."""
    count = machine.status().get("healed", 0)
    machine.run("tc", "-n", "a", *command.split())
    wait_for(lambda: machine.status().get("healed", 0) > count and not machine.status().get("drift"))
    assert qdiscs(machine) == before, command
