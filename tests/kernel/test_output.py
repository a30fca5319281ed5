# SPDX-License-Identifier: MIT
"""Nobody reads what netnsd writes: the journal, standard error, the service manager. It continues all the same, and
reports afterwards what was lost."""
import os
import re
import socket
import subprocess
import termios
import threading
import time

import pytest
from journal import TO_JOURNAL, arrived, fields, unread
from machine import wait_for
from topologies import everyday

DRIFT = b"16864d8954f942b2b83b5ac198297c6c"

def lives(machine):
    """More changes than a socket accepts datagrams (net.unix.max_dgram_qlen) are answered, and drift is healed."""
    machine.apply(everyday())
    for _ in range(20):
        machine.ctl("down", "lab")
        machine.ctl("up", "lab")
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    wait_for(lambda: machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"], 5)


def test_journal_that_does_not_read(bare):
    with unread(bare) as s:
        bare.start(environment=TO_JOURNAL)
        lives(bare)
        read = []
        wait_for(lambda: read.extend(map(fields, arrived(s))) or any(e.get(b"MESSAGE_ID") == DRIFT for e in read))
    drift = next(e for e in read if e.get(b"MESSAGE_ID") == DRIFT)
    assert drift[b"MESSAGE"].startswith(b"lab: address ns1/veth-ns 10.0.0.2/24") and drift[b"PRIORITY"] == b"5"
    assert (drift[b"NETNSD_TOPOLOGY"], drift[b"NETNSD_NAMESPACE"], drift[b"NETNSD_INTERFACE"]) == (b"lab", b"ns1", b"veth-ns")
    assert drift[b"SYSLOG_IDENTIFIER"] == b"netnsd"
    assert drift[b"NETNSD_EXPECTED"] == b"10.0.0.2/24" and b"NETNSD_ACTUAL" not in drift


def test_no_journal_at_its_socket(bare):
    bare.start(environment=TO_JOURNAL)
    bare.apply(everyday())
    assert "netnsd: lab: " in bare.log()


def test_lines_carry_their_verb(machine):
    """Each line says what was done, or refused, to whom and by whom, as the journal has no column for that."""
    odd = {"namespaces": {"n": {"interfaces": {"e": {"kind": "veth", "peer": "host/taken"}}}}}
    machine.sh("ip link add taken type bridge")
    machine.apply(everyday())
    machine.apply(odd, "odd", code=1)
    machine.ctl("confirm", "lab", code=1)
    machine.ctl("down", "lab")
    machine.ctl("up", "lab")
    machine.ctl("rollback", "lab")
    machine.apply({"host": {"interfaces": {"eth7": {"mtu": 1400}}}}, "card", code=1)
    machine.sh("ip netns add mine; ip -n mine link set lo up")
    machine.ctl("adopt", machine.file({"namespaces": {"mine": {}}}, "own"))
    machine.ctl("down", "own", "--forget")
    machine.apply(everyday(), "two", "--confirm", 600)
    machine.ctl("confirm", "two")
    lines = [re.sub(r"in [0-9.]+ ms", "in 1 ms", line.removeprefix("netnsd: "))
             for line in machine.log().splitlines() if "; by uid" in line]
    assert [re.sub(r"; by uid \d+, pid \d+ \(netnsctl\)$", "", line) for line in lines] == [
        "lab: applied: 5 created in 1 ms",
        "odd: apply refused: /namespaces/n/interfaces/e: link host/taken already exists and belongs to another "
        "program; netnsd leaves it alone; netnsctl adopt takes it over if it is as declared, and netnsctl export shows how it is",
        "lab: confirm refused: does not await confirmation",
        "lab: taken down: 2 removed in 1 ms",
        "lab: brought up: 5 created in 1 ms",
        "lab: rolled back: 2 removed in 1 ms; it is down",
        "card: waits for link host/eth7",
        "own: adopted: 1 changed in 1 ms",
        "own: taken down: 1 removed in 1 ms; forgotten",
        "two: applied: 5 created in 1 ms",
        "two: confirmed",
    ]
    # In the log the verb is a column.
    assert [e["message"] for e in machine.call("Log", name="lab")["events"]][0].startswith("5 created in ")
    machine.sh("ip link del taken")


def test_journal_that_goes(bare):
    """What was meant for it and is still queued appears on standard error."""
    s = unread(bare)
    bare.start(environment=TO_JOURNAL)
    lives(bare)
    s.close()
    bare.ctl("down", "lab")
    wait_for(lambda: "netnsd: lab: " in bare.log())


@pytest.fixture
def pipe(bare):
    """A pipe that is full, and stays so until it is read."""
    path = bare.root / "run/pipe"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            os.write(end, b"x" * 4096)
    except BlockingIOError:
        pass
    yield end
    os.close(end)


def test_standard_error_that_nobody_reads(bare, pipe):
    bare.start("2>/run/pipe")
    lives(bare)
    text = b""
    end = time.monotonic() + 20
    while b"healed" not in text and time.monotonic() < end:
        try:
            text += os.read(pipe, 1 << 16)
        except BlockingIOError:
            time.sleep(0.02)
    lines = text.lstrip(b"x").decode().splitlines()
    assert lines[0] == "netnsd: ready: 0 topologies, 0 namespaces"
    assert all(line.startswith("netnsd: ") for line in lines)
    # Others who write there are not surprised: the descriptor itself still blocks.
    assert "flags:\t0100001" in bare.sh(f"cat /proc/{bare.pid()}/fdinfo/2")


def test_standard_error_that_nobody_reads_at_the_end(bare, pipe):
    assert pipe
    bare.start("2>/run/pipe")
    bare.apply(everyday())
    before = time.monotonic()
    bare.ctl("down", "lab")
    bare.stop()
    assert time.monotonic() - before < 10


def test_stopped_terminal(bare):
    """^S on the terminal that netnsd runs on."""
    master, slave = os.openpty()
    termios.tcflow(slave, termios.TCOOFF)
    bare.start(f"2>{os.ttyname(slave)}")
    lives(bare)
    bare.ctl("down", "lab")
    bare.stop()
    os.close(slave)
    os.close(master)


def test_standard_error_that_is_closed_at_the_other_end(bare):
    read, write = os.pipe()
    bare.runs += 1
    bare.log_path = bare.folder / "none.log"
    bare.log_path.write_text("")
    bare.traced = 0
    boot = ["--topologies", f"{bare.folder}/topologies", "--state", f"{bare.folder}/state"]
    bare.daemon = bare.popen("netnsd", *boot, stdin=subprocess.DEVNULL, stderr=write)
    os.close(write)
    os.close(read)
    wait_for(bare.answers)
    lives(bare)


def test_service_manager_that_does_not_read(bare):
    """READY=1 is sent as soon as possible, however late; the watchdog and SIGTERM do not wait for it."""
    path = bare.folder / "n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(path))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
            full.setblocking(False)
            try:
                while True:
                    full.sendto(b"x", str(path))
            except BlockingIOError:
                pass
            bare.start(environment=f"NOTIFY_SOCKET={path} WATCHDOG_USEC=200000 ")
            lives(bare)
            told = []
            reader = threading.Thread(target=lambda: told.extend(iter(lambda: s.recv(4096), b"")), daemon=True)
            reader.start()
            wait_for(lambda: any(m.startswith(b"READY=1\nSTATUS=") for m in told))
            wait_for(lambda: b"WATCHDOG=1" in told)
            bare.stop()
            wait_for(lambda: b"STOPPING=1" in told)
            full.setblocking(True)
            full.sendto(b"", str(path))
            reader.join()
    bare.start()
    bare.ctl("down", "lab")
