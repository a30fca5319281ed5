# SPDX-License-Identifier: MIT
"""Throughput as it is expected and measured: below what any machine gives, so that only the shaping decides."""
import json
import xml.etree.ElementTree as xml

import pytest
from topologies import pair

TBF = {"rate": "5mbit", "burst": "16kb", "latency": "100ms"}
TCP = {"from": "a", "tcp": "b/eth0", "port": 5201}


def shaped(*expect, tbf=TBF):
    t = pair() | {"expect": [TCP | e for e in expect]}
    if tbf:
        t["namespaces"]["a"]["interfaces"]["eth0"]["tbf"] = tbf
    return t


def outcomes(machine, code=0):
    return json.loads(machine.ctl("test", "--json", "lab", code=code).stdout)["tests"]


def test_bottleneck(machine):
    """Within 10 % of what the bucket lets through, headers included; the other direction is not shaped."""
    machine.apply(shaped({"rate_min": "4.5mbit", "rate_max": "5mbit"}, {"from": "b", "tcp": "a/eth0", "rate_min": "50mbit"}))
    tests = outcomes(machine)
    assert [t["result"] for t in tests] == ["holds", "holds"], tests
    assert 4500000 <= tests[0]["rate_bits"] <= 5000000 and tests[1]["rate_bits"] > 50000000
    assert tests[0]["expected"] == "tcp b/eth0 port 5201, 4.5 Mbit/s to 5 Mbit/s" and tests[0]["found"].endswith(" Mbit/s")
    assert tests[1]["expected"] == "tcp a/eth0 port 5201, at least 50 Mbit/s"


def test_without_it(machine):
    machine.apply(shaped({"rate_max": "5mbit"}, tbf=None))
    assert [t["result"] for t in outcomes(machine, code=1)] == ["fails"]


@pytest.mark.parametrize("bound", [{"rate_min": "6mbit"}, {"rate_max": "4000kbit"}])
def test_another_bottleneck(machine, bound):
    machine.apply(shaped(bound))
    test, = outcomes(machine, code=1)
    assert test["result"] == "fails" and 4500000 <= test["rate_bits"] <= 5000000
    assert "5201, at" in machine.ctl("test", code=1).stdout


def test_next_to_what_it_would_disturb(machine):
    """Loss and round trips are measured before, and rates one after the other."""
    t = shaped({"rate_min": "4.5mbit"}, {"port": 5202, "rate_min": "4.5mbit"}, tbf=TBF | {"latency": "400ms"})
    t["expect"].append({"from": "a", "ping": "b/eth0", "rtt_max": "100ms", "loss_max": 0, "count": 50})
    machine.apply(t)
    assert [t["result"] for t in outcomes(machine)] == ["holds"] * 3


def test_formats(machine):
    machine.apply(shaped({"rate_max": "1mbit"}))
    out = machine.ctl("test", "--junit", "lab", code=1).stdout
    case, = xml.fromstring(out).iter("testcase")
    assert case.get("name") == "a: tcp b/eth0 port 5201, at most 1 Mbit/s" and "Mbit/s" in case.find("failure").get("message")
    out = machine.ctl("test", "--tap", "lab", code=1).stdout
    assert "not ok 1 - lab: a: tcp b/eth0 port 5201, at most 1 Mbit/s" in out and 'Mbit\\/s"' in out.replace("Mbit/s", "Mbit\\/s")


def test_cannot_be_measured(machine):
    """Where nobody takes what is sent, or there is no time."""
    t = shaped({"rate_min": "1mbit"})
    machine.apply(t)
    server = machine.popen("ip", "netns", "exec", "b", "/usr/bin/python3", "-c",
                           "import socket; s = socket.create_server(('', 5201)); print('ready', flush=True); s.accept()[0].recv(1)",
                           stdout=-1)
    assert server.stdout.readline() == "ready\n"
    test, = outcomes(machine, code=3)
    assert test["result"] == "not_run" and "another program listens at the port" in test["found"] and "rate_bits" not in test
    server.kill()
    server.wait()
    t["namespaces"]["b"]["interfaces"]["eth0"]["mtu"] = 1400
    told = machine.apply(t, "lab", "--test", "4", code=3)
    assert "no time left" in told.stdout + told.stderr


def test_lost_meanwhile(machine):
    """A path that breaks carries nothing."""
    machine.apply(shaped({"rate_min": "1mbit"}) | {"on_drift": "report"})
    test = machine.popen("sh", "-c", "sleep 0.5; ip -n b link set eth0 down")
    assert [t["result"] for t in outcomes(machine, code=1)] == ["fails"]
    test.wait()
