# SPDX-License-Identifier: MIT
"""netnsctl explain and packets side by side: what it says, whether they arrive, and the commands that it names."""
import json
import subprocess

from machine import EXAMPLES, wait_for

# Takes away what a test has added beside the topology.
CLEAN = "nft delete table ip x 2>/dev/null || true; ip -n inet link del eth0 2>/dev/null || true; ip netns del inet 2>/dev/null || true"
# What the example needs that is not in it.
BESIDE = {"internet": "ip netns add inet; ip link add eth0 type veth peer name eth0 netns inet; "
                      "ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up; "
                      "ip -n inet addr add 192.0.2.1/24 dev eth0; ip -n inet link set eth0 up; ip -n inet link set lo up"}



def start(machine, example):
    """Applies an example, by its name, or a topology."""
    topology = example if isinstance(example, dict) else json.loads((EXAMPLES / f"{example}.json").read_text())
    machine.sh(BESIDE.get(str(example), "true"))
    machine.apply({**topology, "on_drift": "report"})


def explain(machine, *args):
    result = machine.ctl("--json", "explain", *args, code=None)
    reply = json.loads(result.stdout)
    assert result.returncode == (0 if reply["arrives"] else 3)
    assert [h["state"] == "passes" for h in reply["hops"]] == [True] * (len(reply["hops"]) - 1) + [reply["arrives"]]
    return reply


def broken(machine, *args):
    """The hop that does not pass, and on which way; None: it arrives."""
    reply = explain(machine, *args)
    last = reply["hops"][-1]
    return None if reply["arrives"] else (last["object"], "back" if last["back"] else "there")


def answers(machine, args):
    """Whether a packet really gets there and back."""
    if "--port" in args:
        listen = machine.popen("ip", "netns", "exec", "server", "/usr/bin/python3", "-c",
                               "import socket; s = socket.create_server(('', 80)); print(flush=True); s.accept()", stdout=subprocess.PIPE)
        listen.stdout.readline()
        code = f"import socket; socket.create_connection(('{args[1]}', {args[-1]}), 1)"
        ok = machine.run("ip", "netns", "exec", args[0], "/usr/bin/python3", "-c", code, code=None).returncode == 0
        listen.kill()
        listen.wait()
        listen.stdout.close()
        return ok
    address = {"lab/eth0": "10.0.4.10", "phone/eth0": "10.0.20.11", "server/eth0.10": "10.0.10.10", "switch/br0": "10.0.10.2", "blue/eth0": "10.0.2.3"}.get(args[1], args[1])
    return machine.run("ip", "netns", "exec", args[0], "ping", "-qnc1", "-W0.5", address, code=None).returncode == 0


def mend(machine, args):
    """Runs the commands that it names, until it names none; then packets pass. A link that comes up has lost its routes, so
    that there may be more than one."""
    for _ in range(4):
        last = explain(machine, *args)["hops"][-1]
        if last["state"] == "passes":
            assert wait_for(lambda: answers(machine, args))
            return
        if "another program" in last["message"]:
            return  # it says where, and not what is to be done
        machine.sh(last["command"])
    raise AssertionError("the commands do not mend it")
