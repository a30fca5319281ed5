# SPDX-License-Identifier: MIT
"""docs/tutorial.md, block by block: what is built by hand is what the file of the chapter makes, and what the page prints is
what is printed. To bring the page up to date: NETNSD_WRITE=1 pytest tests/kernel/test_tutorial.py"""
import json
import os
import re
import shlex

from machine import EXAMPLES, ROOT, Machine, wait_for

PAGE = ROOT / "docs/tutorial.md"
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```\n", re.M | re.S)
# The internet: a namespace that ip netns does not list, behind the host's uplink; it knows no way back to private addresses.
UPLINK = """touch /run/isp; unshare --net=/run/isp true
ip link add eth0 type veth peer name isp; ip link set isp netns /run/isp
ip addr add 203.0.113.2/24 dev eth0; ip link set eth0 up; ip route add default via 203.0.113.1
nsenter --net=/run/isp ip -batch - <<'END'
link set lo up
link set isp up
addr add 203.0.113.1/24 dev isp
addr add 198.51.100.1/32 dev lo
END
"""
# What differs from run to run: durations, times of day, who asked.
VARYING = [(r"[\d.]+/[\d.]+/[\d.]+/[\d.]+ ms", "TIMES"), (r"\d+(\.\d+)? ?(µs|ms|s)\b", "TIME"), (r"\d\d(:\d\d){2}", "CLOCK"),
           (r"; by .*", "")]


def steady(text):
    """Events of one moment come in any order."""
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    lines = re.sub(r" +", " ", text).splitlines()
    return sorted(lines) if any(line.startswith("CLOCK") for line in lines) else lines


def shell(machine, command):
    """Like a person in a clone of the repository, in a directory that can be written to."""
    there = f"cd {shlex.quote(str(machine.folder))}; sudo() {{ \"$@\"; }}; "
    return machine.run("bash", "-c", there + command, code=None)


def lines_of(machine, text):
    """The commands of a console block, each with what it prints."""
    lines = []
    for command in re.findall(r"^\$ (.*)$", text, re.M):
        if "netnsctl log" in command:  # nobody types that fast
            wait_for(lambda: machine.status("everyday")["healed"] == 2 and not machine.status("everyday").get("drift"))
        result = shell(machine, command)
        lines += [f"$ {command}", *(result.stdout + result.stderr).rstrip("\n").splitlines()]
        lines += [""] if result.stdout + result.stderr else []
    return "\n".join(lines).rstrip("\n") + "\n"


def network(machine):
    """What a chapter is about: interfaces, addresses, routes and forwarding of each namespace."""
    found = {}
    for name in ["", *machine.run("ls", "/run/netns").stdout.split()]:
        at = ["-n", name] if name else []
        links = json.loads(machine.run("ip", *at, "-j", "addr").stdout)
        routes = json.loads(machine.run("ip", *at, "-j", "route").stdout)
        found[name] = ({(link["ifname"], link.get("master"), "UP" in link["flags"],
                         tuple(sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["family"] == "inet")))
                        for link in links}, {(r["dst"], r.get("gateway"), r["dev"]) for r in routes})
    return found


def by_hand(tmp_path, commands):
    """The network that @commands build on a machine of their own."""
    machine = Machine(tmp_path / "hand")
    try:
        machine.run("bash", "-ec", UPLINK)
        machine.run("bash", "-ec", commands)
        return network(machine)
    finally:
        machine.close()


def test_page(machine, tmp_path):
    page, chapter = PAGE.read_text(), ""
    (tmp_path / "hand").mkdir()
    (machine.folder / "conf").mkdir()
    (machine.folder / "conf/examples").symlink_to(EXAMPLES)
    machine.run("bash", "-ec", UPLINK)
    wanted, outputs, compared = None, [], 0
    for kind, text in BLOCK.findall(page):
        if kind == "sh":
            chapter = text if "ip netns add" in text else chapter + text
            wanted = by_hand(tmp_path, chapter)
            continue
        printed = ""
        for piece in re.split(r"(?m)^(?=\$ )", text)[1:]:
            printed += lines_of(machine, piece) + "\n"
            if wanted and " apply " in piece:
                assert network(machine) == wanted, piece
                wanted, compared = None, compared + 1
        outputs.append((text, printed.rstrip("\n") + "\n"))
    assert compared == 5
    assert not machine.run("ls", "/run/netns").stdout
    if os.environ.get("NETNSD_WRITE"):
        for old, new in outputs:
            page = page.replace(f"```console\n{old}```", f"```console\n{new}```", 1)
        PAGE.write_text(page)
    for old, new in outputs:
        assert steady(old) == steady(new)
    machine.sh("ip link del eth0; umount /run/isp; rm /run/isp")


