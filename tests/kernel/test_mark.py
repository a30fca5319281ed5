# SPDX-License-Identifier: MIT
"""Marks, group and alias, changed by hand: what netnsd has observed with its complete mark remains its own and the mark
is restored; anything else is left alone, and the message says how to restore the mark. A copy of a mark makes nothing
ours."""

import pytest
from machine import wait_for

# Alias, group, both.
DAMAGE = ["alias 'customer 5'", "alias ''", "group 7", "group default", "group 7 alias mine", "group default alias ''",
          "alias netnsd:other", "alias netnsd:labs"]
ODD = "alias \"$(printf 'a\\033[2J\\nb\\377')\""  # that no text format should trip over
# (namespace, link): a bridge and both ends of veth pairs, in each place.
LINKS = {"host bridge": (None, "br0"), "host end": (None, "h0"), "bridge": ("a", "br0"), "end": ("a", "e0"), "existing": ("old", "e1"),
         "loopback": ("a", "lo")}


def topology():
    return {
        "host": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]}, "h0": {"addresses": ["10.0.0.1/24"]}}},
        "namespaces": {
            "a": {"interfaces": {"e0": {"kind": "veth", "peer": "host/h0", "addresses": ["10.0.0.2/24"]}, "br0": {"kind": "bridge"},
                                 "lo": {"addresses": ["198.18.0.1/32"]}}},
            "old": {"existing": True, "interfaces": {"e1": {"kind": "veth", "peer": "a/e2", "addresses": ["10.2.0.1/24"]}}}}}


@pytest.fixture
def lab(machine):
    machine.sh("ip netns add old")
    machine.apply(topology())
    yield machine
    machine.ctl("down", "--all", code=None)
    machine.sh("ip netns del old")


def marks(machine):
    return {at: (machine.link(*at) or {}).get("group") + " " + machine.link(*at).get("ifalias", "") for at in LINKS.values()}


def set_link(machine, at, what):
    machine.sh(f"ip {' '.join(machine.at(at[0]))} link set dev {at[1]} {what}")


def problem(machine):
    return machine.status().get("problem", {}).get("message", "")


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("at", LINKS.values(), ids=LINKS)
def test_damaged_mark_is_restored(lab, at, damage):
    before = lab.snapshot()
    indexes = {link: lab.link(*link)["ifindex"] for link in LINKS.values()}
    set_link(lab, at, damage)
    wait_for(lambda: lab.snapshot() == before)
    assert indexes == {link: lab.link(*link)["ifindex"] for link in LINKS.values()}
    assert lab.status()["state"] == "up"
    assert lab.apply(topology()).stdout.strip() == "lab: unchanged"


@pytest.mark.parametrize("damage", [DAMAGE[0], DAMAGE[2], DAMAGE[5], ODD])
@pytest.mark.parametrize("at", LINKS.values(), ids=LINKS)
def test_reported_and_repaired_by_apply(machine, at, damage):
    """Where its file says to report, not to heal."""
    machine.sh("ip netns add old")
    t = {**topology(), "on_drift": "report"}
    machine.apply(t)
    before = machine.snapshot()
    set_link(machine, at, damage)
    place = f"{at[0] or 'host'}/{at[1]}"
    wait_for(lambda: any(d["object"] == place and "damaged" in d["actual"] for d in machine.status().get("drift", [])))
    links = {(i["namespace"], i["name"]): i for n in machine.call("Status", name="lab")["namespaces"] for i in n["interfaces"]}
    assert links[at[0] or "host", at[1]]["up"]
    assert f"{place} " in machine.ctl("plan", machine.file(t)).stdout
    machine.apply(t)
    machine.assert_same(before)
    machine.ctl("down", "lab", "--forget")
    machine.sh("ip netns del old")


def test_reported(lab):
    set_link(lab, (None, "h0"), "group 7 alias 'customer 5'")
    wait_for(lambda: lab.link(None, "h0").get("ifalias") == "netnsd:lab")
    line = next(line for line in lab.log().splitlines() if ", declared " in line)
    assert "host/h0: " in line and 'mark damaged (alias "customer 5", group 7)' in line, line


@pytest.mark.parametrize("at", [LINKS[name] for name in LINKS if name != "loopback"], ids=[name for name in LINKS if name != "loopback"])
@pytest.mark.parametrize("damage", ["alias mine", "alias ''", "group 7", "group 7 alias mine", "group default alias ''"])
def test_damaged_while_netnsd_was_away(lab, at, damage):
    """Nobody knows who owns it: it stays as it is, and the message contains the remedy."""
    before = lab.snapshot()
    lab.stop()
    set_link(lab, at, damage)
    after = lab.snapshot()
    lab.start()
    wait_for(lambda: lab.status()["state"] == "failed")
    words = problem(lab)
    assert f"link {at[0] or 'host'}/{at[1]} already exists" in words, words
    lab.assert_same(after)
    assert lab.apply(topology(), code=1).stderr.count("link set dev") == 1
    remedy = words[words.index("ip "):words.index("; otherwise")]
    lab.sh(remedy)
    lab.apply(topology())
    lab.assert_same(before)
    assert lab.status()["state"] == "up"


def test_loopback_damaged_while_netnsd_was_away(lab):
    before = lab.snapshot()
    lab.stop()
    set_link(lab, ("a", "lo"), "group 7")
    lab.start()
    wait_for(lambda: lab.status()["state"] == "failed")
    words = problem(lab)
    assert "namespace a already exists" in words and "loopback" in words, words
    lab.sh(words[words.index("ip "):words.index("; otherwise")])
    lab.apply(topology())
    lab.assert_same(before)


@pytest.mark.parametrize("damage", DAMAGE[:6])
def test_down_takes_what_is_damaged(machine, damage):
    """Even while netnsd has had no time to repair it."""
    t = {**topology(), "on_drift": "report"}
    machine.sh("ip netns add old")
    first = machine.snapshot()
    machine.apply(t)
    for at in LINKS.values():
        set_link(machine, at, damage)
    machine.ctl("down", "lab")
    machine.assert_same(first)
    machine.sh("ip netns del old")


def mark_of(machine, at):
    link = machine.link(*at)
    return f"group {link['group']} alias {link['ifalias']}"


@pytest.mark.parametrize("netns", [None, "a", "old"])
@pytest.mark.parametrize("kind", ["bridge", "dummy"])
@pytest.mark.parametrize("restarted", [False, True])
def test_copied_mark_makes_nothing_ours(lab, netns, kind, restarted):
    """Neither a heal, an apply, nor a down that deletes by group touches it."""
    at = {None: (None, "br0"), "a": ("a", "br0"), "old": ("old", "e1")}[netns]
    where = " ".join(lab.at(netns))
    if lab.run("ip", "link", "add", "try", "type", kind, code=None).returncode:
        pytest.skip(f"no {kind}")
    lab.sh("ip link del try")
    lab.sh(f"ip {where} link add theirs type {kind}; ip {where} link set dev theirs mtu 1400 {mark_of(lab, at)}")
    if restarted:
        lab.restart()
    before = lab.link(netns, "theirs")
    t = topology()
    assert lab.apply(t).stdout.strip() == "lab: unchanged"
    # Another one in that namespace is removed, so that there are several at once.
    (t["host"] if not netns else t["namespaces"][netns])["interfaces"].update(br7={"kind": "bridge"}, br8={"kind": "bridge"})
    lab.apply(t)
    lab.apply(topology())
    assert lab.link(netns, "theirs") == before
    set_link(lab, at, "group 9")
    wait_for(lambda: lab.link(*at)["group"] != "9")
    assert lab.link(netns, "theirs") == before
    if netns != "a":
        lab.ctl("down", "lab")
        assert lab.link(netns, "theirs") == before
        lab.sh(f"ip {where} link del theirs")


def test_copied_mark_on_a_managed_interface(machine):
    """What is only managed stays when the topology goes, whatever its mark."""
    machine.sh("ip link add wan type veth peer name isp")
    t = {"host": {"interfaces": {"wan": {"mtu": 1400}, "br0": {"kind": "bridge"}}}}
    machine.apply(t)
    machine.sh(f"ip link set dev wan {mark_of(machine, (None, 'br0'))}")
    assert machine.apply(t).stdout.strip() == "lab: unchanged"
    machine.ctl("down", "lab")
    assert machine.link(None, "wan")["mtu"] == 1500
    machine.sh("ip link del wan")


def test_another_link_of_the_same_name_and_number(lab):
    """In a namespace of ours the kernel reuses the numbers of links that have gone."""
    lab.pause()
    index = lab.link("a", "br0")["ifindex"]
    group = lab.link("a", "br0")["group"]
    lab.sh(f"ip -n a link del br0; ip -n a link add br0 index {index} type bridge; ip -n a link set br0 mtu 1400 group {group}")
    before = lab.link("a", "br0")
    lab.resume()
    wait_for(lambda: lab.status()["state"] == "failed")
    assert {key: lab.link("a", "br0")[key] for key in ("ifindex", "group", "mtu", "flags")} == \
        {key: before[key] for key in ("ifindex", "group", "mtu", "flags")}
    lab.sh("ip -n a link del br0")
    wait_for(lambda: lab.status()["state"] == "up")


def test_renamed_and_damaged(lab):
    before = lab.snapshot()
    lab.sh("ip link set br0 down; ip link set br0 name stray")
    wait_for(lambda: "stray" not in lab.links())
    wait_for(lambda: "br0" in lab.links())
    lab.sh("ip -n a link set e0 alias mine; ip link set h0 down; ip link set h0 name stolen")
    wait_for(lambda: "stolen" not in lab.links() and "h0" in lab.links())
    wait_for(lambda: len(lab.snapshot()) == len(before) and lab.link("a", "e0")["ifalias"] == "netnsd:lab")


def test_damaged_again_and_again(bare):
    """It is contested like any other value."""
    bare.start("--heal-burst", "2/60")
    bare.apply({"host": {"interfaces": {"br0": {"kind": "bridge"}}}})
    for i in range(3):
        bare.sh(f"ip link set br0 alias mine{i}")
        if i < 2:
            wait_for(lambda: bare.link(None, "br0")["ifalias"] == "netnsd:lab")
    wait_for(lambda: any(d["contested"] for d in bare.status().get("drift", [])))
    bare.ctl("down", "lab")
    assert bare.links() == ["lo"]
