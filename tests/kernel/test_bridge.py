# SPDX-License-Identifier: MIT
"""Values of a bridge that limit each other, or that the kernel counts in its own unit: every change of them is made,
rolled back and healed, in whatever order the kernel handles a message."""
import itertools

import pytest
from machine import wait_for

# (stp_state, forward_delay): None is not set. While STP runs the kernel accepts 200 to 3000 only.
STP = [(None, None), (False, 0), (False, 150), (False, 3000), (True, None), (True, 200), (True, 3000), (None, 0)]
OTHERS = [{"priority": 1, "ageing_time": 0}, {"ageing_time": 100000000, "priority": 65535}]
PLACES = "own", "host", "existing"


def bridge(stp, delay, **more):
    values = {"stp_state": stp, "forward_delay": delay}
    return {"kind": "bridge", **{key: value for key, value in values.items() if value is not None}, **more}


def topology(place, link):
    body = {"interfaces": {"br0": link}}
    if place == "host":
        return {"host": body}
    return {"namespaces": {"s": {"existing": True, **body} if place == "existing" else body}}


def has(machine, place, link):
    data = machine.link(None if place == "host" else "s", "br0")["linkinfo"]["info_data"]
    return data["stp_state"] == int(link.get("stp_state", False)) and data["forward_delay"] == link.get("forward_delay", 1500) \
        and data["priority"] == link.get("priority", 32768) and data["ageing_time"] == link.get("ageing_time", 30000)


def set_up(machine, place):
    if place == "existing":
        machine.sh("ip netns add s")


def clear(machine, place):
    machine.ctl("down", "--all", "--forget")
    if place == "existing":
        machine.sh("ip netns del s")


@pytest.mark.parametrize("place", PLACES)
def test_every_pair_of_values_there_and_back(machine, place):
    set_up(machine, place)
    links = [bridge(*values, **OTHERS[i % 2]) for i, values in enumerate(STP)]
    for before, after in itertools.permutations(links, 2):
        machine.apply(topology(place, before))
        index = machine.link(None if place == "host" else "s", "br0")["ifindex"]
        machine.apply(topology(place, after))
        assert has(machine, place, after), (before, after)
        machine.ctl("rollback", "lab")
        assert has(machine, place, before), (before, after)
        assert machine.link(None if place == "host" else "s", "br0")["ifindex"] == index
    clear(machine, place)


REFUSED = {"kind": "veth", "peer": "z1", "addresses": ["10.0.0.1/24"], "sysctl": {"ipv4.no_such_key": 1}}


@pytest.mark.parametrize("before, after", [(STP[1], STP[5]), (STP[5], STP[1]), (STP[6], STP[7]), (STP[0], STP[1])])
def test_change_that_is_refused_later_is_rolled_back(machine, before, after):
    machine.apply(topology("own", bridge(*before)))
    snapshot = machine.snapshot()
    t = topology("own", bridge(*after))
    t["namespaces"]["z"] = {"interfaces": {"z0": REFUSED}}
    err = machine.apply(t, code=1).stderr
    assert "everything is as it was before" in err, err
    machine.assert_same(snapshot)


@pytest.mark.parametrize("place", PLACES)
def test_not_confirmed(machine, place):
    set_up(machine, place)
    for before, after in (STP[1], STP[5]), (STP[5], STP[1]):
        machine.apply(topology(place, bridge(*before)))
        machine.apply(topology(place, bridge(*after)), "lab", "--confirm", 1)
        wait_for(lambda link=bridge(*before): has(machine, place, link))
        wait_for(lambda: not machine.status().get("confirm_usec"))
    clear(machine, place)


@pytest.mark.parametrize("values, by_hand", [
    (STP[1], "stp_state 1"), (STP[2], "stp_state 1"), (STP[3], "forward_delay 100"), (STP[5], "stp_state 0 ageing_time 5"),
    (STP[5], "forward_delay 300"), (STP[7], "stp_state 1 forward_delay 400"), (STP[5], "stp_state 0")])
@pytest.mark.parametrize("place", PLACES)
def test_changed_by_hand(machine, place, values, by_hand):
    set_up(machine, place)
    link = bridge(*values, ageing_time=100)
    where = [] if place == "host" else ["-n", "s"]
    machine.apply(topology(place, link))
    machine.run("ip", *where, "link", "set", "br0", "type", "bridge", *by_hand.split())
    wait_for(lambda: has(machine, place, link))
    assert machine.status()["state"] == "up"
    clear(machine, place)


@pytest.mark.parametrize("values", [STP[1], STP[5]])
def test_changed_by_hand_while_netnsd_was_away(machine, values):
    machine.apply(topology("own", bridge(*values)))
    machine.stop()
    machine.sh(f"ip -n s link set br0 type bridge stp_state {int(not values[0])}")
    machine.sh("ip -n s link set br0 type bridge forward_delay 300")
    machine.start()
    wait_for(lambda: has(machine, "own", bridge(*values)))


# Odd values are not whole ticks where CONFIG_HZ is 250.
@pytest.mark.parametrize("link", [
    {"forward_delay": 1501}, {"ageing_time": 30001}, {"forward_delay": 1, "ageing_time": 1}, {"forward_delay": 2999, "stp_state": True},
    {"forward_delay": 201, "stp_state": True, "ageing_time": 99999999}])
@pytest.mark.parametrize("place", PLACES)
def test_time_between_two_ticks(machine, place, link):
    """It is as the kernel rounds it; nothing is written a second time."""
    set_up(machine, place)
    t = topology(place, {"kind": "bridge", **link})
    machine.apply(t)
    data = machine.link(None if place == "host" else "s", "br0")["linkinfo"]["info_data"]
    assert all(0 <= value - data[key] <= 1 for key, value in link.items() if key != "stp_state"), data
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    assert machine.ctl("plan", "--exit-code", machine.file(t)).returncode == 0
    machine.restart()
    status = machine.status()
    assert (status["state"], status["healed"]) == ("up", 0)
    where = [] if place == "host" else ["-n", "s"]
    key = next(iter(link))
    machine.run("ip", *where, "link", "set", "br0", "type", "bridge", key, link[key] + 10 if link[key] < 2900 else link[key] - 10)
    wait_for(lambda: machine.link(None if place == "host" else "s", "br0")["linkinfo"]["info_data"][key] == data[key])
    machine.apply(topology(place, {"kind": "bridge"}))
    machine.ctl("rollback", "lab")
    assert machine.link(None if place == "host" else "s", "br0")["linkinfo"]["info_data"][key] == data[key]
    clear(machine, place)


def test_bridge_that_is_deleted(machine):
    """The events of its ports come first: restoring what they lost would be refused, and wait."""
    t = {"host": {"interfaces": {"br0": {"kind": "bridge"}}}}
    for i in range(8):
        t["host"]["interfaces"].update({f"x{i}": {"kind": "veth", "peer": f"y{i}", "master": "br0"}, f"y{i}": {}})
    machine.apply(t)
    for _ in range(4):
        machine.sh("ip link del br0")
        wait_for(lambda: all(machine.link(None, f"x{i}").get("master") == "br0" for i in range(8)))
    assert "refused" not in machine.log(), machine.log()
