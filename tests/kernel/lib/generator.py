# SPDX-License-Identifier: MIT
"""Random topologies: few names, so that two of them often collide in the same place, with other kinds, peers, addresses
and routes. Topology N shares nothing with the others but the host, and the namespace "lab", which belongs to others."""

KEYS = {1: "net.ipv4.ip_default_ttl", 2: "net.core.somaxconn", 3: "net.ipv4.tcp_syn_retries"}
# Two keys of each topology that the kernel checks against each other, with values that cross on the way there and back;
# and one of them alone, next to the kernel's value.
PAIRS = {
    1: ("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range",
        ((400, "500 600"), (3000, "4000 5000"), (400, None), (None, "2000 3000"))),
    2: ("net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh",
        ((1000, 2000), (8388608, 16777216), (500, None), (None, 16777216))),
    3: ("net.ipv6.ip6frag_high_thresh", "net.ipv6.ip6frag_low_thresh",
        ((2000, 1000), (16777216, 8388608), (None, 500), (16777216, None))),
}
NETWORKS = 4


class Generator:
    """Remembers each roll under its name, and repeats only one in @often: so a topology changes bit by bit."""

    def __init__(self, rng, rolls, often):
        self.rng, self.rolls, self.often, self.used = rng, rolls, often, set()

    def roll(self, n, *name):
        if name not in self.rolls or (name not in self.used and self.rng.randrange(self.often) == 0):
            self.rolls[name] = self.rng.randrange(1 << 20)
        self.used.add(name)
        return self.rolls[name] % n

    def one_in(self, n, *name):
        return self.roll(n, *name) == 0

    def pick(self, choices, *name):
        return choices[self.roll(len(choices), *name)]


class Body:
    def __init__(self, name, n):
        self.name, self.n = name, n
        self.interfaces, self.routes, self.rules, self.neighbors, self.sysctl = {}, [], [], [], {}
        self.networks = {}  # (number, family): whether there is a link that is up in it
        self.shared = name in ("host", "lab")

    def link(self, name):
        """Where others create links, too, links are named after the topology."""
        return f"t{self.n}{name}" if self.shared else name

    def json(self):
        body = {"existing": True} if self.name == "lab" else {}
        for key in "interfaces", "routes", "rules", "neighbors", "sysctl":
            if getattr(self, key):
                body[key] = getattr(self, key)
        return body


def add_addresses(d, body, name, link):
    net, up, small = d.roll(NETWORKS, "net", body.name, name), link.get("up", True), link.get("mtu", 1500) < 1280
    if (net, 4) in body.networks or (net, 6) in body.networks or d.one_in(5, "addresses", body.name, name):
        return
    found = []
    if not d.one_in(4, "v4", body.name, name):
        prefix = f"10.{body.n}.{net}"
        first = f"{prefix}.{d.roll(3, 'host', body.name, name) + 1}/{d.pick((24, 24, 25), 'length', body.name, name)}"
        found.append({"address": first, "metric": 5} if d.one_in(8, "address metric", body.name, name) else first)
        if d.one_in(3, "second", body.name, name):
            found.append(f"{prefix}.{d.roll(3, 'second host', body.name, name) + 20}/24")
        body.networks[net, 4] = up
    if d.one_in(2, "v6", body.name, name) and not small:
        address = f"fd00:{body.n}:{net}::{d.roll(2, 'v6 host', body.name, name) + 1}/{d.pick((64, 48), 'v6 length', body.name, name)}"
        found.append({"address": address, "nodad": False} if d.one_in(8, "nodad", body.name, name) else address)
        body.networks[net, 6] = up
    link["addresses"] = found


def add_common(d, body, name, link):
    for key, choices in (("mtu", (0, 0, 0, 1400, 9000, 1000)), ("txqlen", (0, 0, 0, 100)), ("addrgen", (0, 0, 0, "none")),
                         ("mac", (0, 0, 0, 1))):
        value = d.pick(choices, key, body.name, name)
        if value == 1000 and "master" in link:
            continue  # a bridge follows, and loses its IPv6
        if value and (key != "addrgen" or link.get("mtu", 1500) >= 1280):
            link[key] = f"02:00:00:00:{body.n:02x}:{d.roll(250, 'mac is', body.name, name):02x}" if key == "mac" else value
    if d.one_in(7, "down", body.name, name):
        link["up"] = False
    for key, values in ("ipv4.rp_filter", (1, 2)), ("ipv6.hop_limit", (7, 8)):
        if d.one_in(6, key, body.name, name) and (key[:4] == "ipv4" or link.get("mtu", 1500) >= 1280):
            link.setdefault("sysctl", {})[key] = d.pick(values, key, "is", body.name, name)
    add_tbf(d, body, name, link)
    if not link.get("master"):
        add_addresses(d, body, name, link)


def add_tbf(d, body, name, link):
    if d.one_in(5, "tbf", body.name, name):
        link["tbf"] = {"rate": d.pick(("100mbit", "300mbit"), "rate", body.name, name),
                       "burst": d.pick(("64kb", "33kb"), "burst", body.name, name), "latency": "20ms"}


def add_bridges(d, body):
    for name in body.link("br0"), body.link("v1"):
        if not d.one_in(3, "bridge", body.name, name):
            continue
        link = body.interfaces[name] = {"kind": "bridge"}
        if d.one_in(3, "stp", body.name, name):
            link["stp_state"] = True
        if d.one_in(3, "priority", body.name, name):
            link["priority"] = 4096
        add_common(d, body, name, link)


def add_master(d, body, name, link):
    bridges = [at for at, other in body.interfaces.items() if other.get("kind") == "bridge"]
    if bridges and d.one_in(2, "port", body.name, name):
        link["master"] = d.pick(bridges, "master", body.name, name)


def add_veth(d, bodies, ends, i):
    """A veth pair between two random places, if both are free."""
    at = []
    for end in 0, 1:
        body = d.pick(bodies, "cable", i, end)
        at.append((body, body.link(d.pick(("v0", "v1", "v2", "veth.3"), "cable name", i, end))))
    if at[0] == at[1] or any(place in ends or place[1] in place[0].interfaces for place in at):
        return
    ends.update(at)
    links = [{"kind": "veth", "peer": f"{at[1][0].name}/{at[1][1]}"}, {}]
    if d.one_in(2, "both say it", i):
        links[1] = {"kind": "veth", "peer": f"{at[0][0].name}/{at[0][1]}"}
    for (body, name), link, end in zip(at, links, (0, 1)):
        if end == 1 and not link and d.one_in(4, "bare", i):
            continue
        # Never both: bridges in a ring forward each broadcast for ever, and other tests lose packets.
        if end == 0 or "master" not in links[0]:
            add_master(d, body, name, link)
        add_common(d, body, name, link)
        body.interfaces[name] = link


def add_there(d, body, name):
    """An interface that already exists, of which little is declared."""
    if not d.one_in(3, "there", body.name, name):
        return
    link = body.interfaces[name] = {}
    for key, value in (("mtu", 1400 + d.roll(2, "there mtu", name)), ("up", True), ("txqlen", 77), ("sysctl", {"ipv4.rp_filter": 1}),
                       ("addresses", [f"203.0.{body.n}.{d.roll(3, 'there host', name) + 1}/24"]),
                       ("mac", f"02:00:00:00:ee:{d.roll(9, 'there mac', name):02x}")):
        if d.one_in(3, "there", name, key):
            link[key] = value
    add_tbf(d, body, name, link)
    # Both ends of that veth pair are on the host.
    if not name.startswith("isp"):
        add_master(d, body, name, link)


def hop(d, prefix, i, *name):
    return f"{prefix}{100 + 2 * i + d.roll(2, 'hop', i, *name)}"


def add_route(d, body, net, family):
    name = "route", body.name, net, family
    v4, n = family == 4, body.n * 10 + net
    prefix = f"10.{body.n}.{net}." if v4 else f"fd00:{body.n}:{net}::"
    to = f"10.{100 + n}.{d.roll(2, 'to', *name)}.0/24" if v4 else f"2001:db8:{n}:{d.roll(2, 'to', *name)}::/64"
    if d.one_in(3, "default", *name) and not body.shared:
        to = "default"
    route = {"to": to}
    if to == "default" or d.one_in(2, "metric", *name):
        route["metric"] = 10 + n * 2 + d.roll(2, "metric is", *name)
    if d.one_in(5, "table", *name):
        route["table"] = 100
    kind = d.roll(6, "type", *name)
    if kind == 0 or not body.networks[net, family]:
        route["type"] = d.pick(("blackhole", "unreachable", "prohibit"), "refuses", *name)
    elif kind == 1:
        hops = route["nexthops"] = [{"via": hop(d, prefix, i, *name)} for i in (0, 1)]
        if v4 and d.one_in(2, "weight", *name):
            hops[1]["weight"] = 3
    else:
        route["via"] = hop(d, prefix, 0, *name)
    if to == "default" and "type" in route and not v4:
        route["to"] = f"2001:db8:{n}::/48"  # the family of a default route follows from its gateways only
    body.routes.append(route)


def add_device_route(d, body, name, link):
    """A route out of a link, with one of its addresses as the source."""
    first = next(iter(link.get("addresses", [])), "")
    if not isinstance(first, str) or "." not in first or not link.get("up", "kind" in link) or d.roll(3, "out of", body.name, name):
        return
    route = {"to": f"172.{16 + body.n}.{sum(name.encode()) % 250}.0/24", "dev": name, "metric": 300}
    if d.one_in(2, "src", body.name, name):
        route["src"] = first.partition("/")[0]
    body.routes.append(route)


def add_rules(d, body):
    """Some differ in their selector only, and some are for both families. Nobody looks into their tables."""
    for i in range(3):
        name = "rule", body.name, i
        if not d.one_in(3, *name):
            continue
        rule = {"priority": 1000 * body.n + d.roll(2, "priority", *name), "table": 1000 * body.n + 10 * i + d.roll(2, "table", *name)}
        choice = d.pick(("from", "from", "to6", "fwmark", "iif", "family", None), "selector", *name)
        if choice == "from":
            rule["from"] = d.pick(("10.250.0.0/16", "10.250.1.0/24", "2001:db8:250::/48"), "from", *name)
        elif choice:
            rule.update({"to6": {"to": "2001:db8:251::/48"}, "fwmark": {"fwmark": f"0x{d.roll(2, 'mark', *name) + 1:x}/0xff"},
                         "iif": {"iif": "nobody"}, "family": {"family": "inet6"}}[choice])
        body.rules.append(rule)


def add_nft(d, body, result):
    """NAT for each topology; a filter where it is the only one, which drops where nobody can be locked out."""
    name, n = body.name, body.n
    masquerade = [{"from": f"10.8.{n}{i}.{d.roll(2, 'masquerade', name, i)}", "out": d.pick(("eth*", "wan*"), "out", name, i)}
                  for i in range(3) if d.one_in(5, "masquerades", name, i)]
    dnat = [{"proto": "tcp", "port": 8000 + 10 * n + i, "at": "198.51.100.7", "to": f"10.9.{n}.{d.roll(3, 'dnat', name, i)}"}
            for i in range(2) if d.one_in(5, "dnats", name, i)]
    if masquerade or dnat:
        result["nat"] = {key: value for key, value in (("masquerade", masquerade), ("dnat", dnat)) if value}
    if (n == 1 or not body.shared) and d.one_in(4, "filter", name):
        chains = [chain for chain in ("input", "forward", "output") if d.one_in(2, "filters", name, chain)] or ["forward"]
        result["filter"] = {chain: "accept" if body.shared else d.pick(("accept", "drop", "reject"), "policy", name, chain)
                            for chain in chains}
        result["filter"]["rules"] = [
            {"chain": d.pick(chains, "chain", name, i), "from": f"10.8.{100 + i}.0/24", "proto": "tcp",
             "port": 100 + d.roll(3, "filter port", name, i), "action": d.pick(("accept", "drop"), "action", name, i)}
            for i in range(4) if d.one_in(2, "filter rule", name, i)]


def add_neighbors(d, body, name, link):
    """One that is known, one that is answered for, or both; of an address that is in no network."""
    for i, proxy in enumerate((False, True)):
        at = "neighbor", body.name, name, i
        if not d.one_in(4, *at):
            continue
        v6 = link.get("mtu", 1500) >= 1280 and d.one_in(2, "v6", *at)
        one = {"address": f"2001:db8:250::{d.roll(2, 'is', *at) + 1}" if v6 else f"10.250.0.{d.roll(2, 'is', *at) + 1}", "dev": name}
        one.update({"proxy": True} if proxy else {"mac": f"02:00:00:00:98:{d.roll(2, 'mac', *at):02x}"})
        if v6 and d.one_in(3, "router", *at):
            one["router"] = True
        body.neighbors.append(one)


def add_rest(d, body):
    for name, link in body.interfaces.items():
        add_device_route(d, body, name, link)
        add_neighbors(d, body, name, link)
    for net, family in sorted(body.networks):
        if d.one_in(2, "routes", body.name, net, family):
            add_route(d, body, net, family)
    add_rules(d, body)
    if d.one_in(4, "sysctl", body.name):
        body.sysctl[KEYS[body.n]] = 30 + d.roll(3, "sysctl is", body.name)
    if d.one_in(3, "pair", body.name):
        *keys, values = PAIRS[body.n]
        body.sysctl.update((key, value) for key, value in zip(keys, d.pick(values, "pair is", body.name)) if value)
    if not body.shared and d.one_in(3, "default", body.name):
        body.sysctl["net.ipv6.conf.default.hop_limit"] = 33 + d.roll(2, "default is", body.name)
    if not body.shared and d.one_in(5, "lo", body.name):
        body.interfaces["lo"] = {"addresses": [f"198.18.{body.n}.{d.roll(2, 'lo is', body.name)}/32"]}
    result = body.json()
    if body.name != "host" and (body.n == 1 or not body.shared) and d.one_in(3, "dns", body.name):
        result["dns"] = {"nameservers": [f"198.51.100.{d.roll(3, 'dns is', body.name)}"], "search": [f"s{body.n}.example"]}
    if not body.shared and d.one_in(4, "hosts", body.name):
        result["hosts"] = {"198.51.100.9": [f"n{d.roll(2, 'hosts are', body.name)}"]}
    add_nft(d, body, result)
    forwarding = d.pick((True, False, "ipv4", "ipv6", None, None, None, None), "forwarding", body.name)
    if forwarding is not None and (body.n == 1 or not body.shared):
        result["forwarding"] = forwarding
    return result


def add_delays(d, body):
    """For a bridge, among them some that the kernel accepts only while STP is off."""
    for name, link in body.interfaces.items():
        if link.get("kind") == "bridge" and d.one_in(2, "delay", body.name, name):
            link["forward_delay"] = d.pick((200, 400, 3000) if link.get("stp_state") else (0, 100, 1500, 3000), "delay is", body.name, name)


def generate(d, n):
    bodies = [Body(name, n) for name in ("host", f"a{n}", f"b{n}", f"c{n}", "lab")
              if name in ("host", f"a{n}") or d.one_in(2 if name != "lab" else 3, "has", name)]
    if len(bodies) > 2 and d.one_in(4, "without the first"):
        del bodies[1]
    ends = set()
    for body in bodies:
        add_bridges(d, body)
        if body.shared:
            for name in ("wan", "isp") if body.name == "host" else ("port",):
                add_there(d, body, f"{name}{n}")
    for i in range(4):
        if d.one_in(2, "cable", i):
            add_veth(d, bodies, ends, i)
    found = {body.name: add_rest(d, body) for body in bodies}
    for body in bodies:
        add_delays(d, body)
    return {"host": found.pop("host"), "namespaces": found}
