# SPDX-License-Identifier: MIT
"""Drift is told in the words of people, and with who did it: the program, the user, the login. Nobody is named of whom
the kernel says nothing, and no process that cannot have done it."""
import re

import pytest
from fight import Meanwhile
from machine import wait_for
from monitor import log
from topologies import everyday

# Changes something and stays, so that it can be asked about however long netnsd takes.
STAYS = "echo '{change}' | {{ cat; until [ -e /run/over ]; do sleep 0.05; done; }} | {before}ip -batch -"

# Binds a netlink socket to a number of its own choice, and removes an address (RTM_DELADDR) with it.
PORT = """
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
s.bind(({port}, 0))
body = struct.pack("BBBBI", socket.AF_INET, 24, 0, 0, socket.if_nametoindex("veth-host"))
body += struct.pack("HH4s", 8, 2, socket.inet_aton("10.0.0.1"))
s.send(struct.pack("IHHII", 16 + len(body), 21, 5, 1, 0) + body)
assert struct.unpack("i", s.recv(4096)[16:20]) == (0,)
"""


class Stays(Meanwhile):
    def __init__(self, machine, change, before=""):
        super().__init__(machine, STAYS.format(change=change, before=before))


def drift(machine):
    """The only drift that was told."""
    wait_for(lambda: any(e["event"] == "healed" for e in log(machine)))
    [found] = [e for e in log(machine) if e["event"] == "drift"]
    return found


def test_program_and_user(machine):
    machine.apply(everyday())
    with Stays(machine, "addr del 10.0.0.1/24 dev veth-host"):
        told = drift(machine)
        [pid] = [pid for pid, name, _ in machine.listed() if name == "ip"]
    assert re.fullmatch(rf"pid {pid} \(ip\), user root(, login .*)?(, session .*)?(, unit .*)?", told["by"]), told
    assert told["message"] == "address host/veth-host 10.0.0.1/24 was removed"
    assert f"; by pid {pid} (ip), user root" in machine.log()


def test_login(machine):
    """Who logged in is named, whatever user he is by now."""
    if machine.sh("cat /proc/self/loginuid 2>/dev/null || echo none").strip() != str(2**32 - 1):
        pytest.skip("this kernel has no logins, or is logged in already")
    name = machine.sh("getent passwd 1 | cut -d: -f1").strip()
    machine.apply(everyday())
    with Stays(machine, "addr del 10.0.0.1/24 dev veth-host", "sh -c 'echo 1 >/proc/self/loginuid; exec \"$@\"' - "):
        told = drift(machine)
    assert re.search(rf"^pid \d+ \(ip\), user root, login {name}, session \w+", told["by"]), told


def test_link(machine):
    """The kernel does not say who changes a link, and an address that somebody else changes does not tell either."""
    machine.apply(everyday())
    machine.pause()
    machine.sh("ip -n ns1 link set lo down; ip -n ns1 addr add 10.9.0.9/24 dev veth-ns")
    machine.resume()
    wait_for(lambda: any(e["event"] == "healed" for e in log(machine)))
    told = {e["message"]: e for e in log(machine) if e["event"] == "drift"}
    assert "ns1/lo: down, declared up" in told, told
    link = told["ns1/lo: down, declared up"]
    assert (link["kind"], link["object"], link["expected"], link["actual"]) == ("link", "ns1/lo", "up", "down") and "by" not in link
    assert re.search(r"drift +ns1/lo: down, declared up$", machine.ctl("log").stdout, re.M)
    machine.apply({**everyday(), "on_drift": "report"})
    machine.sh("ip -n ns1 link set lo down")
    wait_for(lambda: machine.status().get("drift"))
    assert "lab: ns1/lo: down, declared up\n" in machine.ctl("status").stdout


@pytest.mark.parametrize("port", ["unable", "ended"])
def test_number_of_somebody_else(machine, port):
    """A number may have been chosen, or be one of another PID namespace: whoever has it here need not have done it."""
    machine.apply(everyday())
    if port == "unable":
        sleep = machine.popen("setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", "sleep", "300")
        wait_for(lambda: [pid for pid, name, _ in machine.listed() if name == "sleep"])
        number = max(pid for pid, name, _ in machine.listed() if name == "sleep")
    else:
        number = int(machine.sh("cat /proc/sys/kernel/pid_max")) - 1
    machine.run("/usr/bin/python3", "-c", PORT.format(port=number))
    by = drift(machine).get("by")
    if port == "unable":
        machine.sh(f"kill {number}")
        sleep.wait(10)
    assert by == (f"pid {number}, which has ended" if port == "ended" else None)
