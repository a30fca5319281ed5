# SPDX-License-Identifier: MIT
"""The steps of random_ops. Each prints what it does, does it, and checks."""
import random
import signal
import time
from subprocess import DEVNULL

import drifts
import expected
from machine import NETNSCTL, wait_for
from random_ops import HEAL_SECONDS

# What a recreated object, as declared, may have changed: properties that nobody declared.
MADE_ANEW = "ifindex", "mac", "secondary", "dev"



def apply(ops, rng):
    """A new or a changed topology. What was planned is what is done."""
    record = ops.pick(rng)
    rolls, file = ops.roll(rng, record)
    ops.tell("apply", record.name, file)
    if rng.randrange(2):
        planned = ops.machine.call("Plan", name=record.name, topology=file, replace=True, sure=True)["steps"]
        done = ops.machine.call("Apply", name=record.name, topology=file, replace=True, sure=True, source="", _more=True)
        assert [step for reply in done for step in reply.get("steps") or []] == planned
    else:
        ops.machine.apply(file, record.name, "--replace", "--sure")
    ops.declare(record, file, True, rolls)
    ops.check()


def is_up(record):
    return record.up


def is_known(record):
    return record.file


def apply_again(ops, rng):
    record = ops.pick(rng, is_up)
    if not record:
        return
    ops.tell("apply", record.name, "again")
    before = ops.now
    out = ops.machine.apply(record.file, record.name, "--replace").stdout
    assert out.strip() == f"{record.name}: unchanged", out
    ops.check(before)


def plan(ops, rng):
    record = ops.pick(rng)
    _, file = ops.roll(rng, record)
    ops.tell("plan", record.name, file)
    before = ops.now
    ops.machine.ctl("plan", "--replace", "--sure", ops.machine.file(file, record.name))
    ops.check(before)


def poison(ops, rng, record, file):
    """Puts something into @file that is refused, early or late."""
    ours = [netns for netns, body in expected.bodies(file).items() if expected.is_ours(netns, body)]
    # For a namespace of its own netnsd knows what the kernel refuses, except for the link-local addresses.
    networks = [(at, address) for at, link, made in expected.links(file) for address in link.get("addresses", [])
                if made and link.get("up", True) and isinstance(address, str) and "." in address and not link.get("master") and link.get("mtu", 1500) >= 1280]
    others = sorted(ops.ours() - set(ours) - set(expected.bodies(record.file) if record.up else []))
    choices = ["link", "namespace", "key"] + ["gateway", "source"] * bool(networks) + ["other"] * bool(others)
    choice = rng.choice(choices)
    if choice == "link":
        file["host"].setdefault("interfaces", {})["alien"] = {"kind": "bridge"}
    elif choice == "namespace":
        file["namespaces"]["foreign"] = {}
    elif choice == "other":
        file["namespaces"][rng.choice(others)] = {}
    elif choice == "key":
        body = file["namespaces"][rng.choice(ours)] if ours else file["host"]
        body.setdefault("sysctl", {})["net.ipv4.ip_default_ttl"] = 999
    else:
        (netns, link), address = rng.choice(networks)
        route = {"to": "10.250.0.0/24", "via": address.partition("/")[0], "dev": link, "onlink": True}
        if choice == "source":
            route = {"to": "10.250.0.0/24", "dev": link, "src": "10.5.5.5"}
        if netns in ours:
            route = {"to": "2001:db8:250::/48", "dev": link, "src": "fe80::77"}
        expected.bodies(file)[netns].setdefault("routes", []).append(route)
    return choice


def refused(ops, rng):
    """Everything stays as it is."""
    record = ops.pick(rng)
    _, file = ops.roll(rng, record)
    choice = poison(ops, rng, record, file)
    ops.tell("apply", record.name, file, "which is refused for its", choice)
    before = ops.all_but(*MADE_ANEW)
    ops.machine.apply(file, record.name, "--replace", "--sure", code=1)
    ops.check(before)


def down(ops, rng):
    record = ops.pick(rng, is_up)
    if not record:
        return
    forget = rng.randrange(4) == 0
    ops.tell("down", record.name, "--forget" if forget else "")
    ops.machine.ctl("down", *["--forget"] * forget, record.name)
    ops.declare(record, None, False, apply=False)
    if forget:
        record.__init__(record.n)
    ops.check()


def up(ops, rng):
    record = ops.pick(rng, lambda r: r.file and not r.up)
    if not record:
        return
    ops.tell("up", record.name)
    ops.machine.ctl("up", record.name)
    record.up = True
    ops.check()


def rollback(ops, rng):
    record = ops.pick(rng, lambda r: r.sure)
    if not record:
        return
    ops.tell("rollback", record.name)
    ops.machine.ctl("rollback", record.name)
    ops.declare(record, *record.before)
    ops.check()


def confirm(ops, rng):
    """An apply with confirmation, which is given, or not, or not in time; netnsd may die meanwhile."""
    record = ops.pick(rng)
    rolls, file = ops.roll(rng, record)
    if record.up and record.file == file:
        return
    end = rng.choice(("confirm", "rollback", "rollback", "expire"))
    ops.tell("apply", record.name, "--confirm", file, "and", end)
    ops.machine.apply(file, record.name, "--replace", "--confirm", 1 if end == "expire" else 60)
    if end == "expire":
        ops.declare(record, file, True, rolls)
        ops.declare(record, *record.before)
        ops.check(seconds=HEAL_SECONDS)
        return
    ops.declare(record, file, True, rolls)
    ops.check()
    if rng.randrange(2):
        ops.tell("with kill -9 before that")
        restart_with(ops, signal.SIGKILL)
    ops.machine.ctl("down", record.name, code=1)
    ops.machine.ctl(end, record.name)
    if end == "rollback":
        ops.declare(record, *record.before)
    ops.check()


def restart_with(ops, number):
    before = ops.now
    ops.machine.stop(number)
    ops.start()
    ops.check(before)


def restart(ops, rng):
    number = rng.choice((signal.SIGKILL, signal.SIGTERM))
    ops.tell("signal", number, "and start")
    restart_with(ops, number)


def cut_off(ops, rng):
    """netnsd gets a signal while it is running a change: the result is the state before, or the state after."""
    record = ops.pick(rng)
    rolls, file = ops.roll(rng, record)
    number, wait = rng.choice((signal.SIGKILL, signal.SIGTERM)), rng.uniform(0.003, 0.025)
    what = rng.choice(["apply"] * 3 + ["down"] * record.up + ["rollback"] * record.sure)
    ops.tell(what, record.name, file if what == "apply" else "", f"cut off after {wait * 1000:.1f} ms by", number)
    command = [what, "--replace", "--sure", ops.machine.file(file, record.name)] if what == "apply" else [what, record.name]
    client = ops.machine.popen(NETNSCTL, *command, stdout=DEVNULL, stderr=DEVNULL)
    time.sleep(wait)
    ops.machine.stop(number)
    client.wait(20)
    ops.start()
    settle(ops, record, {
        "apply": lambda: ops.declare(record, file, True, rolls), "rollback": lambda: ops.declare(record, *record.before),
        "down": lambda: ops.declare(record, None, False, apply=False)}[what])


def settle(ops, record, declare_later):
    """Finds out which state it is. Foreign objects of a namespace that was to be removed may have gone with it."""
    before = ops.now
    ops.now = ops.look()
    ops.forget({netns for netns in ops.ours() if before.get((netns, "inode")) != ops.now.get((netns, "inode"))})
    found = ops.problems()
    if found:
        declare_later()
        later = ops.problems()
        assert not later, "\n".join(["neither what was before:", *found, "nor what comes after:", *later])
    record.sure = False  # the record of netnsd may be of the one or the other, where they look alike


def follows_ports(file, at):
    """The MTU of a bridge for which none is declared: a recreated one has that of its ports."""
    if at[1] != "mtu":
        return False
    body = file.get("host", {}) if at[0] == "host" else file.get("namespaces", {}).get(at[0], {})
    link = body.get("interfaces", {}).get(at[2], {})
    return link.get("kind") == "bridge" and "mtu" not in link


def drift(ops, rng):
    """Somebody changes what is declared; it is restored."""
    record = ops.pick(rng, is_up)
    found = drifts.find(record.name, record.file) if record else None
    if not found:
        return
    done = [rng.choice(found) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    if any("name stolen" in command for command in done):  # without a mark or a name nobody can say who owns it
        done = [command for command in done if not command.endswith(drifts.MARKS)]
    # Drawn apart: the rest stays what it is without it.
    shaping = drifts.of_shaping(record.file)
    if shaping:
        done.insert(0, random.Random(str(done)).choice(shaping))
    ops.tell("by hand:", "; ".join(done))
    for netns in ops.ours():
        if f"ip -n {netns} link set lo down" in done:
            ops.forget_with_loopback(netns)
    # Keys that came with forwarding are not declared, and go with IPv6.
    before = {at: value for at, value in ops.all_but(*MADE_ANEW).items()
              if not expected.is_forwarded(at) and not follows_ports(record.file, at)}
    ops.machine.sh(f"({'; '.join(done)}) 2>/dev/null || true")
    if any(drifts.is_silent(command) for command in done):
        ops.machine.apply(record.file, record.name, "--replace")
    ops.check(before, HEAL_SECONDS)


def foreign(ops, rng):
    """Somebody else adds something, where nothing is declared; it stays, through everything that follows."""
    netns = rng.choice(["host", "lab", *sorted(ops.ours())])
    n = rng.randrange(4)
    make = rng.choice((
        "route add blackhole 198.19.{n}.0/24 proto static", "route add unreachable 2001:db8:f:{n}::/64 proto bird",
        "link add foreign{n} type bridge", "addr add 192.0.2.{n}/32 dev foreign{n}", "link set foreign{n} up",
        "link del foreign{n}", "route del blackhole 198.19.{n}.0/24")).format(n=n)
    ops.tell("somebody else: ip -n", netns, make)
    where = [] if netns == "host" else ["-n", netns]
    before = ops.now
    if ops.machine.run("ip", *where, *make.split(), code=None).returncode:
        return
    ops.now = after = ops.look()
    ops.foreign = {at: value for at, value in ops.foreign.items() if at in after or at not in before}
    ops.foreign.update((at, value) for at, value in after.items() if before.get(at) != value and not expected.is_forwarded(at))


def crowd(ops, rng):
    """Somebody appends a route next to one of ours: neither netnsd nor its end removes it, and ours stays with it."""
    found = [(at, kind) for record in ops.records if record.up
             for at, kind in expected.declared(record.name, record.file).items() if at[1:3] == ("route", "inet")]
    if not found:
        return
    (netns, _, _, to, table, metric), kind = rng.choice(sorted(found))
    where = [] if netns == "host" else ["-n", netns]
    route = ["prohibit" if kind == "blackhole" else "blackhole", to, "table", table, "metric", metric, "proto", "static"]
    before = ops.now
    ops.tell("somebody else: ip", *where, "route append", *route)
    ops.machine.run("ip", *where, "route", "append", *route)

    def both():
        there = ops.machine.ip(*where, "-4", "-d", "route", "show", "table", table)
        return sorted(r["type"] for r in there if r["dst"] == to and r.get("metric", 0) == metric) == sorted((route[0], kind))
    wait_for(lambda: both() and "beside" in ops.machine.ctl("log", "-n", 50).stdout)
    ops.machine.stop(signal.SIGKILL)
    ops.start()
    assert both()
    ops.machine.run("ip", *where, "route", "del", *route)
    ops.check(before, HEAL_SECONDS)


STEPS = {apply: 10, apply_again: 2, plan: 1, refused: 4, down: 2, up: 2, rollback: 3, confirm: 2, restart: 2, cut_off: 3,
         drift: 12, foreign: 3}
