# SPDX-License-Identifier: MIT
"""Random topologies that go to the corners of the format: every field, its least and largest values, the addresses with
a special meaning, and what the kernel may refuse in combination. Most of a file is plain, so that its few corners take
effect."""

BIG = 4294967295

# Addresses of an interface, with the network that others near it have.
PLAIN4 = "10.0.0.1/24", "10.0.0.2/24", "10.0.1.1/24", "10.0.2.1/30"
CORNER4 = ("10.0.0.1/25", "10.0.0.1/16", "10.0.0.3/31", "10.0.0.4/32", "10.0.0.0/24", "10.0.0.255/24", "10.0.0.0/31", "0.0.0.0/0", "0.0.0.1/8",
           "0.0.0.0/8", "0.1.2.3/32", "10.0.0.1/0", "10.0.0.1/1", "127.0.0.1/8", "127.0.0.2/8", "127.0.0.2/32", "127.1.0.0/16", "169.254.1.1/16",
           "224.0.0.1/4", "224.0.0.1/32", "239.1.1.1/24", "240.0.0.1/4", "255.255.255.255/32", "255.255.255.255/24", "198.51.100.1/32")
PLAIN6 = "fd00::1/64", "fd00::2/64", "fd00:1::1/64", "fd00:2::1/126"
CORNER6 = ("fd00::1/128", "fd00::3/127", "fd00::/64", "fd00::1/0", "fd00::1/1", "fd00::1/10", "fd00::ffff:ffff:ffff:ffff/64", "::1/128", "::1/64", "::2/64",
           "::/128", "::/64", "::10.0.0.1/96", "::ffff:10.0.0.1/96", "::ffff:10.0.0.1/128", "fe80::1/64", "fe80::1/10", "fe80::1/128",
           "febf::1/64", "fec0::1/64", "ff00::1/8", "ff02::5/128", "ff05::2/16", "2002:a00:1::1/48", "2001:db8::1/32", "100::1/64", "64:ff9b::a00:1/96")
PEER4 = "10.0.9.1", "10.0.9.1/32", "10.0.9.1/24", "10.0.9.0/24", "10.0.0.1", "10.0.0.9", "0.0.0.0", "0.0.0.0/0", "224.0.0.5", "127.0.0.1", "255.255.255.255"
PEER6 = "fd00:9::1", "fd00:9::1/64", "fd00::1", "fd00:8::9", "::", "::1", "fe80::9", "ff02::1"
SCOPES = "global", "site", "link", "host"

TO4 = ("10.9.0.0/16", "192.0.2.0/24", "198.51.100.7", "default", "0.0.0.0/0", "10.0.5.0/30", "128.0.0.0/1", "10.0.0.7", "10.0.1.0/25")
ODD4 = "127.0.0.0/8", "127.0.0.5", "224.0.0.0/4", "239.0.0.1", "0.0.0.0/8", "0.0.0.0", "255.255.255.255", "240.0.0.0/4", "169.254.0.0/16", "10.0.0.1"
TO6 = ("fd09::/64", "2001:db8::/32", "fd09::7", "::/0", "fd00:0:0:5::/64", "8000::/1", "fd00::7")
ODD6 = ("::1", "fe80::/64", "fe80::/10", "fe80::7", "ff00::/8", "ff02::5", "::/128", "::ffff:0:0/96", "::/96", "::ffff:10.0.0.7", "fec0::/10", "fd00::1", "2002::/16")
VIA4 = "10.0.0.9", "10.0.0.9", "10.0.0.8", "10.0.1.9", "10.0.2.2"
FAR4 = ("10.0.0.1", "10.0.0.2", "10.0.0.0", "10.0.0.255", "10.7.0.1", "127.0.0.1", "127.0.0.9", "0.0.0.0", "0.0.0.9", "224.0.0.9", "255.255.255.255", "240.0.0.9",
        "198.51.100.7", "10.0.9.1", "10.0.2.0", "10.0.2.3")
VIA6 = "fd00::9", "fd00::9", "fd00::8", "fd00:1::9", "fd00:2::2", "fe80::9"
FAR6 = ("fd00::1", "fd00::2", "fd00::", "fd07::9", "::1", "::", "ff02::1", "fe80::9", "fe80::", "::ffff:10.0.0.9", "::10.0.0.9", "fec0::9", "fd00:2::")
TYPES = "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "multicast", "unicast"
MACS = "02:00:00:00:00:01", "02:00:00:00:00:02", "00:00:00:00:00:01", "fe:ff:ff:ff:ff:ff", "01:00:00:00:00:01", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"
MTUS = 1279, 1280, 1281, 68, 69, 575, 576, 65535, 65534, 9000
KEYS = (("ipv4.rp_filter", (0, 1, 2)), ("ipv6.hop_limit", (1, 255)), ("ipv6.disable_ipv6", (0, 0, 1)), ("ipv6.stable_secret", ("2001:db8::7",)), ("ipv4.forwarding", (0, 1)), ("ipv6.mtu", (1280, 1400)),
        ("ipv6.forwarding", (0, 1)), ("ipv4.arp_ignore", (0, 8)), ("ipv6.accept_dad", (0, 1, 2)))


class Corners:
    def __init__(self, rng):
        self.rng = rng
        # How rare corners are, in this file.
        self.seldom = rng.choice((4, 8, 16, 30))

    def corner(self):
        return self.rng.randrange(self.seldom) == 0

    def one_in(self, n):
        return self.rng.randrange(n) == 0

    def pick(self, plain, odd):
        return self.rng.choice(odd if self.corner() else plain)

    def address(self, name):
        rng = self.rng
        v4 = self.one_in(2)
        text = self.pick(*((PLAIN4, CORNER4) if v4 else (PLAIN6, CORNER6)))
        # The same network on lo makes the path to a gateway a matter of order.
        if name == "lo" and text in PLAIN6:
            text = "fd00:7::1/64"
        if not self.one_in(3):
            return text
        found = {"address": text}
        if self.corner() or self.one_in(6):
            found["peer"] = rng.choice(PEER4 if v4 else PEER6)
            if not self.one_in(4):
                found["address"] = text.partition("/")[0]
        if self.corner():
            found["scope"] = rng.choice(SCOPES)
        if self.corner() and v4:
            found["label"] = (name + rng.choice((":1", ":" + "x" * 20, "x", "")))[:15]
        if self.corner():
            found["metric"] = rng.choice((0, 1, 256, 1024, BIG))
        if self.corner():
            found["nodad"] = self.one_in(2)
        return found

    def link(self, link, name, bridges):
        rng = self.rng
        if self.corner():
            link["mtu"] = rng.choice(MTUS)
        if self.corner():
            link["up"] = self.one_in(4)
        if self.corner():
            link["mac"] = rng.choice(MACS)
        if self.corner():
            link["txqlen"] = rng.choice((0, 1, BIG))
        if self.corner():
            link["addrgen"] = rng.choice(("none", "eui64", "random", "stable"))
        if bridges and link.get("kind") == "veth" and self.one_in(6):
            link["master"] = rng.choice(bridges)
        for key, values in KEYS:
            if self.one_in(3 * self.seldom):
                link.setdefault("sysctl", {})[key] = rng.choice(values)
        if not self.one_in(4):
            link["addresses"] = self.distinct(self.address(name) for _ in range(rng.randrange(4)))

    @staticmethod
    def distinct(found):
        seen, kept = set(), []
        for item in found:
            key = item["address"] if isinstance(item, dict) else item
            if key not in seen:
                seen.add(key)
                kept.append(item)
        return kept

    def hop(self, v4, devs):
        hop = {}
        if not self.one_in(6):
            hop["via"] = self.pick(*((VIA4, FAR4) if v4 == (not self.one_in(40)) else (VIA6, FAR6)))
        if not hop or self.one_in(2):
            hop["dev"] = self.rng.choice(devs)
        if self.one_in(4):
            hop["weight"] = self.rng.choice((1, 2, 256))
        return hop

    def route(self, devs, sources):
        rng = self.rng
        v4 = self.one_in(2)
        route = {"to": self.pick(*((TO4, ODD4) if v4 else (TO6, ODD6)))}
        if self.one_in(4) or self.corner():
            route["type"] = rng.choice(TYPES)
        refuses = route.get("type") in TYPES[:4]
        if self.one_in(5):
            route["nexthops"] = [self.hop(v4, devs) for _ in range(rng.choice((1, 2, 2, 3)))]
        if ("nexthops" not in route and not refuses) or self.corner():
            route.update({key: value for key, value in self.hop(v4, devs).items() if key != "weight"})
        if self.one_in(4):
            same = [s for s in sources if (":" in s) != v4 and not s.startswith("fe")]
            route["src"] = self.pick(same or ["10.0.0.1" if v4 else "fd00::1"], ("10.0.0.1", "10.0.0.77", "127.0.0.1", "fd00::1", "fd00::77", "::1"))
        if self.one_in(3):
            route["metric"] = self.pick((1, 5, 100), (0, 256, 1024, BIG))
        if self.one_in(5):
            route["table"] = self.pick((100, 254, 253), (1, 255, 256, BIG, 252))
        if self.corner():
            route["scope"] = rng.choice(SCOPES)
        if self.corner():
            route["onlink"] = self.one_in(2) or self.one_in(2)
        if self.corner():
            route["mtu"] = rng.choice((68, 552, 1279, 1280, 1500, 65535))
        return route

    def body(self, body, name, far):
        interfaces = body["interfaces"]
        bridges = [at for at, link in interfaces.items() if link["kind"] == "bridge"]
        for at, link in interfaces.items():
            self.link(link, at, bridges)
        if far == "host":
            return
        if self.one_in(3):
            interfaces["lo"] = {}
            self.link(interfaces["lo"], "lo", bridges)
        sources = [(a["address"] if isinstance(a, dict) else a).partition("/")[0] for link in interfaces.values()
                   for a in link.get("addresses", [])]
        body["routes"] = [self.route([*interfaces, "lo"] if self.one_in(8) else list(interfaces), sources)
                          for _ in range(self.rng.randrange(4))]
        if self.corner():
            body["forwarding"] = self.rng.choice((True, False, "ipv4", "ipv6"))
        if self.one_in(2 * self.seldom):
            body["sysctl"] = {key: value for key, value in (
                ("net.ipv6.conf.default.stable_secret", "2001:db8::1"), ("net.ipv6.conf.all.disable_ipv6", self.rng.choice((0, 1))),
                ("net.ipv6.conf.default.disable_ipv6", self.rng.choice((0, 1))), ("net.ipv4.ip_forward", 1)) if self.one_in(2)}

    def topology(self):
        v = {"interfaces": {"e0": {"kind": "veth", "peer": "w/e0"}}}
        w = {"interfaces": {"e0": {"kind": "veth", "peer": "v/e0"}}}
        if self.one_in(2):
            v["interfaces"].update({"br0": {"kind": "bridge"}})
        if self.one_in(2):
            v["interfaces"].update({"e1": {"kind": "veth", "peer": "e2"}, "e2": {"kind": "veth", "peer": "e1"}})
        for name, body in ("v", v), ("w", w):
            self.body(body, name, name)
        for body in v, w:
            no_tentative_sources(body)
        return {"namespaces": {"v": v, "w": w}}


def no_tentative_sources(body):
    """IPv6 packets may be sent from an address at once only on a veth pair, without duplicate address detection."""
    tentative = set()
    for name, link in body["interfaces"].items():
        for a in link.get("addresses", []):
            a = {"address": a} if isinstance(a, str) else a
            if name in ("lo", "br0") or a.get("nodad") is False:
                tentative.add(a["address"].partition("/")[0])
    for route in body.get("routes", []):
        if ":" in route.get("src", "") and route["src"] in tentative:
            del route["src"]


def prune(topology, pointers):
    """Removes what the pointers name from @topology: an element of a list as a whole, else the field; [(pointer,
    value)]."""
    taken = []
    for pointer in sorted(set(map(shorten, pointers)), key=lambda p: [int(s) if s.isdigit() else -1 for s in p.split("/")], reverse=True):
        *way, last = pointer.split("/")[1:]
        at = topology
        for step in way:
            at = at[int(step) if isinstance(at, list) else step]
        taken.append((pointer, at.pop(int(last) if isinstance(at, list) else last)))
    return taken


def shorten(pointer):
    """For a list the element, whatever is wrong inside."""
    steps = pointer.split("/")
    for i, step in enumerate(steps):
        if step.isdigit():
            return "/".join(steps[:i + 1])
    return pointer

