# SPDX-License-Identifier: MIT
"""netnsctl wait: until topologies are up and namespaces exist, over restarts, and not longer than requested."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest
from machine import NETNSCTL, NETNSD, wait_for
from topologies import everyday, many, pair
from varlink import Connection, VarlinkError


def waiting(machine, *args):
    """netnsctl wait, running; longer than a test waits for it."""
    return machine.popen(NETNSCTL, "wait", "--timeout", 120, *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process):
    """(exit code, its output)"""
    out, err = process.communicate(timeout=30)
    return process.returncode, out + err


def put(machine, topology, name="lab"):
    folder = machine.folder / "topologies"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(topology if isinstance(topology, str) else json.dumps(topology))


def test_what_exists_is_not_waited_for(machine):
    machine.apply(everyday())
    machine.apply(pair(), "other")
    for args in [], ["lab"], ["lab", "other"], ["--namespace", "ns1"], ["--namespace", "a", "--namespace", "b", "lab"]:
        assert machine.ctl("wait", "--timeout", 0, *args).stdout == ""


NEVER = {
    "name": (["x"], "timed out: there is no topology x"),
    "namespace": (["--namespace", "x"], "timed out: no topology manages a namespace x"),
    "foreign namespace": (["--namespace", "theirs"], "timed out: no topology manages a namespace theirs"),
    "both": (["lab", "x", "--namespace", "ns1", "--namespace", "y"],
             "timed out: there is no topology x; no topology manages a namespace y"),
    "down": (["other"], "timed out: other is down"),
    "namespace of what is down": (["--namespace", "a"], "timed out: no topology manages a namespace a"),
    "waits": (["card"], "timed out: card is waiting: link host/eth7 does not exist, and netnsd does not create it"),
    "all": ([], "timed out: card is waiting: link host/eth7 does not exist, and netnsd does not create it"),
}


def test_time_out(machine):
    machine.sh("ip netns add theirs")
    machine.apply(everyday())
    machine.apply(pair(), "other")
    machine.ctl("down", "other")
    machine.apply({"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card", code=1)
    for args, words in NEVER.values():
        assert machine.ctl("wait", "--timeout", 0, *args, code=124).stderr == f"netnsctl: {words}\n"
    began = time.monotonic()
    machine.ctl("wait", "--timeout", 1, "x", code=124)
    assert 1 <= time.monotonic() - began < 10
    machine.sh("ip netns del theirs")


def test_what_appears(machine):
    waits = [waiting(machine, "lab"), waiting(machine, "--namespace", "ns1", "--namespace", "a"), waiting(machine, "lab", "other")]
    machine.apply(everyday())
    assert ended(waits[0]) == (0, "")
    machine.apply(pair(), "other")
    assert [ended(w) for w in waits[1:]] == [(0, "")] * 2
    machine.ctl("down", "other")
    again = waiting(machine, "other")
    machine.ctl("up", "other")
    assert ended(again) == (0, "")


def test_what_it_waits_for_appears(machine):
    machine.apply({"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card", code=1)
    client = waiting(machine)
    machine.sh("ip link add eth7 type bridge")
    assert ended(client) == (0, "")
    machine.ctl("down", "--all")
    machine.sh("ip link del eth7")


def test_start_with_much_to_do(bare):
    put(bare, many(200), "many")
    put(bare, pair())
    bare.start()
    bare.ctl("wait")
    assert len(bare.namespaces()) == 202
    bare.ctl("wait", "--timeout", 0)


def test_failed_at_boot(bare):
    """It is not retried, so waiting is pointless."""
    bare.sh("ip link add veth-host type bridge")
    bare.at_first = bare.snapshot()
    put(bare, everyday())
    put(bare, "{", "bad")
    put(bare, pair(), "good")
    bare.start()
    bare.ctl("wait", "good", "--namespace", "a")
    for args in ["lab"], ["--namespace", "ns1"]:
        said = bare.ctl("wait", *args, code=1).stderr
        assert f"{bare.folder}/topologies/lab.json:1:" in said and "lab has failed; netnsctl status lab" in said
    for args in ["bad"], ["good", "bad"], []:
        assert "bad has failed; netnsctl status bad" in bare.ctl("wait", *args, code=1).stderr
    bare.ctl("down", "--all", "--forget")
    bare.sh("ip link del veth-host")
    bare.at_first = bare.snapshot()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restart_while_somebody_waits(machine, number):
    client = waiting(machine, "lab")
    wait_for(lambda: "io.netnsd" in machine.sh("ss -xHn state established"))
    machine.stop(number)
    machine.start()
    machine.apply(everyday())
    assert ended(client) == (0, "")


def test_daemon_that_does_not_come_back(machine):
    client = waiting(machine, "lab", "--timeout", 1)
    wait_for(lambda: "io.netnsd" in machine.sh("ss -xHn state established"))
    machine.stop()
    assert ended(client) == (124, "netnsctl: netnsd went away, and did not come back in time\n")


def test_no_daemon(bare):
    assert "netnsd is not running" in bare.ctl("wait", code=4).stderr


def listening(machine):
    """As netnsd.socket does."""
    path = machine.folder / "s"
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(path))
    s.listen()
    return path, s


def test_socket_that_nobody_serves(bare):
    path, s = listening(bare)
    with s:
        said = bare.ctl("--socket", path, "wait", "--timeout", 0, code=124).stderr
    assert "netnsd did not answer in time" in said


def test_socket_activation(bare):
    """A client that calls before the daemon runs waits for it, and then for what it does first."""
    put(bare, everyday())
    path, s = listening(bare)
    with s:
        client = waiting(bare, "--socket", path, "--namespace", "ns1")
        options = f"--topologies {bare.folder}/topologies --state {bare.folder}/state"
        log = bare.folder / "activated.log"
        with log.open("w") as out:
            daemon = bare.popen("sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {NETNSD} {options}", stdout=out, stderr=out,
                                pass_fds=[3], preexec_fn=lambda: os.dup2(s.fileno(), 3))
        assert ended(client) == (0, ""), log.read_text()
        assert bare.namespaces() == ["ns1"]
        bare.ctl("--socket", path, "down", "--all")
        bare.kill(signal.SIGTERM)
        assert daemon.wait(20) == 0


def test_interface(machine):
    machine.apply(everyday())
    with Connection(machine.socket) as c:
        assert c.call("io.netnsd.Wait") == {}
        assert c.call("io.netnsd.Wait", names=["lab"], namespaces=["ns1"], timeout_seconds=0) == {}
        with pytest.raises(VarlinkError) as e:
            c.call("io.netnsd.Wait", names=["x", "lab"], namespaces=["y"], timeout_seconds=0)
        assert e.value.name == "io.netnsd.TimedOut"
        assert (e.value.parameters["names"], e.value.parameters["namespaces"]) == (["x"], ["y"])
        for wrong in ({"names": ["../x"]}, {"namespaces": [""]}, {"timeout_seconds": -1}, {"timeout_seconds": 86401}):
            with pytest.raises(VarlinkError) as e:
                c.call("io.netnsd.Wait", **wrong)
            assert e.value.name == "org.varlink.service.InvalidParameter"


def test_what_recovers_by_itself(machine):
    """There is nothing to heal then, and still waiting clients are answered."""
    wan = "ip link add wan mtu 1400 type veth peer name isp"
    machine.sh(wan)
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1400}}}})
    machine.sh("ip link del wan")
    wait_for(lambda: "waiting" in machine.ctl("status").stdout)
    again = waiting(machine, "lab")
    machine.sh(wan)
    assert ended(again) == (0, "")
    told = json.loads(machine.ctl("--json", "log", "lab").stdout)["events"]
    assert (told[-1]["event"], told[-1]["message"]) == ("healed", "everything is as declared again")
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")
