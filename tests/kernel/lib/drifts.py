# SPDX-License-Identifier: MIT
"""What people and other programs do to declared objects: shell commands, each of which netnsd has to undo."""
import expected


def find(name, topology):
    """All that can be done to the topology @name."""
    found = []
    declared = expected.declared(name, topology)
    for netns, body in expected.bodies(topology).items():
        if expected.is_ours(netns, body):
            found += [f"ip netns del {netns}", f"ip -n {netns} link set lo down"]
        for key, file in ("dns", "resolv.conf"), ("hosts", "hosts"):
            path = f"/etc/netns/{netns}/{file}"
            if key in body:
                found += [f"rm {path}", f"echo options rotate >>{path}", f"sed -i 's/198[.]51/203.0/' {path}"]
        if "forwarding" in body:
            found += [write(netns, "ipv4/ip_forward", int(declared[netns, "sysctl", "ipv4/ip_forward"] == "0"))]
        found += [write(netns, key.replace(".", "/").removeprefix("net/"), other(key, value))
                  for key, value in body.get("sysctl", {}).items()]
        found += [delete_route(netns, at, declared) for at in declared if at[:2] == (netns, "route")]
        found += [delete_rule(netns, at) for at in declared if at[:2] == (netns, "rule")]
        if "nat" in body or "filter" in body:
            nft = "nft" if netns == "host" else f"ip netns exec {netns} nft"
            found += [f"{nft} flush ruleset", f"{nft} flush table inet netnsd", f"{nft} add chain inet netnsd mine",
                      f"{nft} delete table inet netnsd"]
        found += [words for neighbor in body.get("neighbors", []) for words in of_neighbor(netns, neighbor)]
    for at, link, made in expected.links(topology):
        found += of_link(at, link, made)
    return found


def of_shaping(topology):
    """What can be done to its queueing disciplines."""
    found = []
    for (netns, name), link, _ in expected.links(topology):
        if "tbf" in link:
            tc = f"{ip(netns).replace('ip', 'tc', 1)} qdisc"
            found += [f"{tc} del dev {name} root", f"{tc} change dev {name} root tbf rate 7mbit burst 32kb latency 20ms"]
    return found


def other(key, value):
    """A value that the kernel accepts, whatever it checks it against."""
    if isinstance(value, str):
        return " ".join(str(int(word) + 1) for word in value.split())
    return value - 1 if key.endswith(("low_thresh", "port_start")) else value + 1


def ip(netns):
    return "ip" if netns == "host" else f"ip -n {netns}"


def write(netns, key, value):
    command = f"echo {value} >/proc/sys/net/{key}"
    return command if netns == "host" else f"ip netns exec {netns} sh -c '{command}'"


def is_silent(command):
    """For most sysctls, and for proxies, the kernel sends no events."""
    return "neigh del proxy" in command or "/proc/sys" in command and "rp_filter" not in command and "ip_forward" not in command


def delete_route(netns, at, declared):
    _, _, family, to, table, metric = at
    return f"{ip(netns)} -{family[4:] or 4} route del {declared[at]} {to} table {table} metric {metric}"


def delete_rule(netns, at):
    """It names all: the same request would remove another one of the same priority."""
    _, _, family, priority, table, src, dst, mark, iif = at
    more = f"{f' fwmark {mark}' if mark else ''}{f' iif {iif}' if iif else ''}"
    return f"{ip(netns)} -{family[4:] or 4} rule del priority {priority} from {src} to {dst}{more} lookup {table}"


def of_neighbor(netns, neighbor):
    """The kernel sends no events of proxies."""
    at = f"{neighbor['address']} dev {neighbor['dev']}"
    if neighbor.get("proxy"):
        return [f"{ip(netns)} neigh del proxy {at}"]
    return [f"{ip(netns)} neigh {words}" for words in (
        f"del {at}", f"replace {at} lladdr 02:00:00:00:99:98 nud permanent", f"replace {at} lladdr {neighbor['mac']} nud stale")]


# What is done with "ip link set", by the field that must declare it: what nobody declared may be changed.
SETTINGS = {"mtu": "mtu 1290", "mac": "address 02:00:00:00:99:99", "txqlen": "txqueuelen 55", "master": "nomaster"}
# For a bridge that is down the kernel reports neither these, nor the mark of any link that is down.
BRIDGE = {"stp_state": "type bridge stp_state 0", "priority": "type bridge priority 7"}

# netnsd recognises its owner by its number.
MARKS = "alias mine", "group 7", "group 7 alias mine"


def of_link(at, link, made):
    netns, name = at
    up, change = link.get("up", True), f"{ip(netns)} link set {name}"
    found = [f"{change} {words}" for key, words in {**SETTINGS, **(BRIDGE if up else {})}.items() if key in link]
    if up and link.get("forward_delay", 200) < 200:
        found.append(f"{change} type bridge stp_state 1")
    elif up and "forward_delay" in link:
        found.append(f"{change} type bridge forward_delay 600")
    if link.get("mtu", 0) >= 1280:
        found.append(f"{change} mtu 1000")
    if made or "up" in link:
        found.append(f"{change} {'down' if up else 'up'}")
    if made:
        found.append(f"{ip(netns)} link del {name}")
    if made and up:
        found += [f"{change} {words}" for words in MARKS]
    if made and link.get("kind") != "bridge":  # ports of a renamed bridge may stay without one until the audit
        found.append(f"{change} down; {change} name stolen")
    if made and "addresses" in link:
        found += [f"{ip(netns)} addr flush dev {name}", f"{ip(netns)} addr add 10.77.0.1/24 dev {name}"]
    for address in link.get("addresses", []):
        text = address if isinstance(address, str) else address["address"]
        found.append(f"{ip(netns)} addr del {text} dev {name}")
    return found + [write(netns, f"{key[:4]}/conf/{name}/{key[5:]}", 0 if "rp_filter" in key else value + 3)
                    for key, value in link.get("sysctl", {}).items()]
