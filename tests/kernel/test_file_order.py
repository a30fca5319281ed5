# SPDX-License-Identifier: MIT
"""What is shown comes in the order of the file, also of what was healed, and after a restart."""
import json

import pytest
from machine import wait_for

NAMESPACES = ["zz", "aa", "mm"]
INTERFACES = ["z0", "a0", "m0"]


@pytest.fixture
def up(machine):
    machine.apply({"namespaces": {n: {"interfaces": {i: {"kind": "bridge"} for i in INTERFACES}} for n in NAMESPACES}})
    return machine


def status(machine):
    return [(n["name"], [i["name"] for i in n["interfaces"]]) for n in machine.call("Status", name="lab")["namespaces"]]


def listed(machine):
    answer = json.loads(machine.ctl("--json", "list").stdout)
    return [(n["name"], [i["name"] for i in n["interfaces"]]) for n in answer["namespaces"]]


def exported(machine):
    answer = json.loads(machine.ctl("export").stdout)
    return [(name, list(n["interfaces"])) for name, n in answer["namespaces"].items()]


def assert_in_order(machine, namespaces=None, more=()):
    shown = [(n, ["lo", *INTERFACES, *more]) for n in namespaces or NAMESPACES]
    assert [n for n in status(machine) if n[0] != "host"] == shown
    assert [n for n in listed(machine) if n[0] != "host"] == shown
    assert exported(machine) == [(n, INTERFACES) for n in namespaces or NAMESPACES]


def is_there(machine, name, handle):
    link = machine.link("zz", name)
    return link and link["ifindex"] != handle


def test_created(up):
    assert_in_order(up)


def test_healed(up):
    handle = up.link("zz", "z0")["ifindex"]
    up.sh("ip -n zz link del z0")
    wait_for(lambda: is_there(up, "z0", handle))
    assert [link["ifname"] for link in up.ip("-n", "zz", "link", "show")] == ["lo", "a0", "m0", "z0"]
    assert_in_order(up)
    up.restart()
    assert_in_order(up)


def test_namespace_recreated(up):
    """While netnsd runs, it has the namespace itself, and only its name is healed."""
    up.stop()
    up.sh("ip netns del zz")
    up.start()
    wait_for(lambda: up.namespaces() == sorted(NAMESPACES) and up.links("zz") == sorted(["lo", *INTERFACES]))
    assert_in_order(up)
    up.restart()
    assert_in_order(up)


def test_the_order_of_the_file_changes(up):
    back = NAMESPACES[::-1]
    up.apply({"namespaces": {n: {"interfaces": {i: {"kind": "bridge"} for i in INTERFACES}} for n in back}})
    assert_in_order(up, back)
