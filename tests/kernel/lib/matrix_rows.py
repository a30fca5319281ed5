# SPDX-License-Identifier: MIT
"""A row for each kind of link: what a topology says of one, each of its fields with two values, and the same with ip(8).
test_matrix.py does with each row what can be done with a link; tests/matrix.py prints what was done on which kernel.

The link is `x` in namespace `a`; what it needs beside itself is in `a` and `b`."""

IN_PLACE, RECREATED = "in place", "recreated"


class Field:
    """@first and @second: values as in a file, None: not in the file. A change is IN_PLACE, or RECREATED.
    @shown: where ip -d -j shows it: a key of info_data, or a function of what it shows of `x`.
    @values: value → what is shown; a value that is not there is shown as it is.
    @hand: how ip(8) changes it: shown value → what follows "ip link set x type KIND", or a whole command that begins with its
    namespace; None: it cannot. By default the name and the value.
    @more: other fields that it needs; {}: it does not go together with the second values of others.
    @tried: likewise, instead of @hand, to find out whether a kernel has it at all; "": each has."""

    def __init__(self, first, second, how=IN_PLACE, shown=None, values=None, hand="", more=None, tried=""):
        self.first, self.second, self.how, self.shown, self.values = first, second, how, shown, values or {}
        self.hand, self.more, self.tried = hand, more, tried

    def expected(self, value):
        """What ip(8) shows."""
        return self.values.get(value, value)

    def found(self, name, link):
        if callable(self.shown):
            return self.shown(link)
        return link["linkinfo"].get("info_data", {}).get(self.shown or name)

    def by_hand(self, kind, name, value):
        """The command that gives it the value; None: nobody can."""
        shown = self.expected(value)
        if self.hand is None or (self.how == RECREATED and not self.hand):
            return None
        words = self.hand(shown) if self.hand else f"{name} {shown}"
        return command(words if words[:2] in ("a ", "b ") else f"a link set x type {kind} {words}")


def of_link(key):
    """Of a property of the link itself."""
    return lambda link: link.get(key)


def by_hand(words):
    """ip link set x WORDS; {} is what is shown."""
    return lambda shown: f"a link set x {words.format(shown)}"


MACS = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
COMMON = {
    "up": Field(True, False, shown=lambda link: "UP" in link["flags"], hand=lambda up: f"a link set x {'up' if up else 'down'}", more={}),
    "mtu": Field(None, 1400, shown=of_link("mtu"), values={None: 1500}, hand=by_hand("mtu {}")),
    "txqlen": Field(None, 77, shown=of_link("txqlen"), values={None: 1000}, hand=by_hand("txqueuelen {}")),
    # One that leaves the file stays.
    "mac": Field(MACS[0], MACS[1], shown=of_link("address"), hand=by_hand("address {}")),
    "addrgen": Field(None, "none", shown=of_link("inet6_addr_gen_mode"), values={None: "eui64"}, hand=by_hand("addrgenmode {}")),
    "master": Field(None, "br0", shown=of_link("master"), hand=by_hand("nomaster")),
}
BRIDGE = {"br0": {"kind": "bridge"}}
FLAG = {True: 1, False: 0, None: 0}
# Two more interfaces of `a`, whose other ends are in `b`: what a link is on top of, and what it can be on top of as well.
LOW = {name: {"kind": "veth", "peer": f"b/{name}"} for name in ("low0", "low1")}
LOW_BY_HAND = [line for name in LOW for line in (
    f"a link add {name} type veth peer name {name} netns b", f"a link set {name} up", f"b link set {name} up")]


class Row:
    """Of a kind of link, on one kernel.
    @base: what a file says of it in any case.  @fields: its own.  @common: instead of those of COMMON, or a str: why
    there is none.  @beside: the interfaces of `a` that it needs, and that @hand makes first.  @hand: the commands of ip -n
    that make what @base says, and set it up, each of which begins with its namespace.  @cells: operation → why it is not
    possible on any kernel."""

    def __init__(self, kind, hand, base=None, fields=None, common=None, beside=None, cells=None):
        self.kind, self.hand, self.base, self.own = kind, hand, base or {}, fields or {}
        self.common = {**COMMON, **(common or {})}
        self.beside, self.cells, self.lacking = beside or {}, cells or {}, []

    def lacks(self, accepts):
        """The fields that a kernel does not have, by whether it accepts a command; @hand has made the link."""
        self.lacking = sorted(name for name, f in self.own.items() if f.tried and not accepts(command(f.tried)))
        return self.lacking

    def fields(self):
        every = {**self.own, **{k: v for k, v in self.common.items() if isinstance(v, Field)}}
        return {name: f for name, f in every.items() if name not in self.lacking}

    def firsts(self):
        """The first values that are in a file."""
        return {name: f.first for name, f in self.fields().items() if f.first is not None and f.more is None}

    def variants(self):
        """The base, all second values at once, and each that does not go together with others."""
        fields = self.fields()
        return [self.firsts(), {name: f.second for name, f in fields.items() if f.more is None},
                *({**self.firsts(), **f.more, name: f.second} for name, f in fields.items() if f.more is not None)]

    def topology(self, **fields):
        """With a bridge where it is to be a port."""
        x = {"kind": self.kind, **self.base, **fields}
        beside = {**self.beside, **(BRIDGE if isinstance(self.common["master"], Field) and x.get("master", "br0") == "br0" else {})}
        return {"namespaces": {"a": {"interfaces": {"x": {k: v for k, v in x.items() if v is not None}, **beside}}, "b": {}}}

    def without(self):
        t = self.topology()
        del t["namespaces"]["a"]["interfaces"]["x"]
        return t

    def script(self):
        """Makes the namespaces and @base by hand."""
        bridge = ["a link add br0 type bridge", "a link set br0 up"] if isinstance(self.common["master"], Field) else []
        return "\n".join(["ip netns add a", "ip netns add b", *map(command, ["a link set lo up", "b link set lo up", *bridge, *self.hand])])


def command(line):
    return f"ip -n {line}"


def far(link):
    """The number of the other end of a veth pair, and whether it is in another namespace."""
    return link.get("link") or ("b" if "link_netnsid" in link else None)


ROWS = [
    Row("bridge", ["a link add x type bridge", "a link set x up"], fields={
        "stp_state": Field(None, True, values=FLAG),
        "vlan_filtering": Field(None, True, values=FLAG, tried="a link set x type bridge vlan_filtering 1"),
        "vlan_default_pvid": Field(None, 5, values={None: 1}, tried="a link set x type bridge vlan_filtering 1"),
        "vlan_protocol": Field(None, "802.1ad", values={None: "802.1Q"}, tried="a link set x type bridge vlan_filtering 1"),
        "ageing_time": Field(None, 20000, values={None: 30000}),
        "forward_delay": Field(None, 400, values={None: 1500}),
        "priority": Field(None, 4096, values={None: 32768}),
        "mcast_snooping": Field(None, False, values={None: 1, False: 0}),
        "mcast_querier": Field(None, True, values=FLAG),
    }, common={"master": "a bridge cannot be a port of a bridge"}),
    Row("veth", ["a link add x type veth peer name y netns b", "a link set x up", "b link set y up"], {"peer": "b/y"}, {
        "peer": Field("b/y", "z", RECREATED, shown=far, values={"b/y": "b"})}),
    Row("dummy", ["a link add x type dummy", "a link set x up"]),
    Row("vlan", [*LOW_BY_HAND, "a link add link low0 name x type vlan id 10", "a link set x up"], {"link": "low0", "id": 10}, {
        "link": Field("low0", "low1", RECREATED, shown=of_link("link")),
        "id": Field(10, 11, RECREATED),
        "protocol": Field(None, "802.1ad", RECREATED, values={None: "802.1Q"}),
    }, beside=LOW),
]
BY_KIND = {row.kind: row for row in ROWS}
