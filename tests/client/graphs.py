# SPDX-License-Identifier: MIT
"""Answers of Graph to draw: from a pair to sixty namespaces, and names that mean something to some format."""

HOSTILE = ['a"b', "<script>alert(1)</script>", "back\\slash", "new\nline", "&amp;", "'quote'", "a]b[c{d}e", "`tick`", "#35;",
           "%%comment", "${x}", "--></svg>", "\x1b[31mred", "日本", "end", "\u202egnp.exe"]


def interface(name, *addresses, kind="veth", state="up", mtu=1500, shaping=(), drifted=False, foreign=False):
    return {"name": name, "kind": kind, "topology": "lab", "state": state, "drifted": drifted, "foreign": foreign,
            "mtu": mtu, "addresses": list(addresses), "shaping": list(shaping)}


def namespace(name, *interfaces, gateways=(), missing=False, drifted=False, foreign=False):
    return {"name": name, "topology": "lab", "missing": missing, "drifted": drifted, "foreign": foreign,
            "interfaces": list(interfaces), "gateways": list(gateways)}


def answer(namespaces, pairs=(), ports=()):
    return {"namespaces": namespaces, "cables": [{"type": "port", "source": a, "to": b} for a, b in ports] +
            [{"type": "pair", "source": a, **({"to": b} if b else {})} for a, b in pairs]}


def lo():
    return interface("lo", "127.0.0.1/8", "::1", kind="loopback", mtu=65536)


def pair():
    """The everyday file."""
    return answer([namespace("host", interface("veth-host", "10.0.0.1/24")),
                   namespace("ns1", lo(), interface("veth-ns", "10.0.0.2/24"), gateways=["default via 10.0.0.1"])],
                  [("host/veth-host", "ns1/veth-ns")])


def star(leaves, hub="host"):
    """A bridge, and namespaces behind it."""
    ports = [interface(f"port{i}") for i in range(leaves)]
    return answer([namespace(hub, interface("br0", "10.1.0.1/24", kind="bridge"), *ports),
                   *(namespace(f"ns{i}", lo(), interface("eth0", f"10.1.0.{i + 2}/24"), gateways=["default via 10.1.0.1"])
                     for i in range(leaves))],
                  [(f"{hub}/port{i}", f"ns{i}/eth0") for i in range(leaves)],
                  [(f"{hub}/port{i}", f"{hub}/br0") for i in range(leaves)])


def chain(n, ring=False):
    """Routers in a row, or in a ring."""
    pairs = [(f"r{i}/right", f"r{(i + 1) % n}/left") for i in range(n if ring else n - 1)]
    ends = {end for pair in pairs for end in pair}
    return answer([namespace(f"r{i}", *(interface(name, f"10.{net % n}.0.{last}/24")
                                        for name, net, last in (("left", i - 1, 2), ("right", i, 1)) if f"r{i}/{name}" in ends))
                   for i in range(n)], pairs)


def fabric(spines, leaves):
    """Every leaf on every spine."""
    return answer([namespace(f"spine{s}", *(interface(f"e{l}", f"10.{s}.{l}.1/31") for l in range(leaves))) for s in range(spines)] +
                  [namespace(f"leaf{l}", *(interface(f"e{s}", f"10.{s}.{l}.0/31") for s in range(spines))) for l in range(leaves)],
                  [(f"spine{s}/e{l}", f"leaf{l}/e{s}") for s in range(spines) for l in range(leaves)])


def crossed(n):
    """The first of one side with the last of the other: each line ends where another one begins."""
    def side(name, net):
        return namespace(name, *(interface(f"e{i}", f"10.{net}.{i}.1/24") for i in range(n)))
    return answer([side("a", 1), side("b", 2)], [(f"a/e{i}", f"b/e{n - 1 - i}") for i in range(n)])


def tree(*widths):
    """A root with so many below it, and each of these with so many."""
    nodes, pairs, level = {"root": []}, [], ["root"]
    for width in widths:
        below = []
        for parent in level:
            for i in range(width):
                name = f"{parent if parent != 'root' else 'n'}{'.' if parent != 'root' else ''}{i}"
                nodes[name] = [interface("up", f"10.{len(nodes)}.0.2/24")]
                nodes[parent].append(interface(f"down{i}", f"10.{len(nodes) - 1}.0.1/24"))
                pairs.append((f"{parent}/down{i}", f"{name}/up"))
                below.append(name)
        level = below
    return answer([namespace(name, *interfaces) for name, interfaces in nodes.items()], pairs)


def pairs(n):
    """As many separate pairs."""
    return answer([namespace(f"p{i}{side}", interface("eth0", f"10.0.{i}.{1 + (side == 'b')}/24")) for i in range(n) for side in "ab"],
                  [(f"p{i}a/eth0", f"p{i}b/eth0") for i in range(n)])


def states():
    """Every state, an end that is not known, MTUs that differ, shaping, several addresses."""
    return answer([namespace("host", interface("br0", "10.1.0.1/24", "fd00:1::1/64", kind="bridge"), interface("port1"),
                             interface("port2", state="no_carrier", mtu=9000), interface("port3"), interface("port4", drifted=True),
                             interface("eth0", "192.0.2.7/24", kind="interface", foreign=True), foreign=True),
                   namespace("up", interface("eth0", "10.1.0.2/24", "10.1.0.3/24", "fd00:1::2/64",
                                             shaping=["netem delay 10ms loss 1%"]), gateways=["default via 10.1.0.1"]),
                   namespace("down", interface("eth0", "10.1.0.4/24", state="down")),
                   namespace("gone", interface("eth0", state="missing"), missing=True),
                   namespace("drifted", interface("eth0", "10.1.0.5/24", drifted=True), interface("theirs", foreign=True)),
                   namespace("empty", lo()),
                   namespace("two", interface("a"), interface("b"))],
                  [("host/port1", "up/eth0"), ("host/port2", "down/eth0"), ("host/port3", "gone/eth0"),
                   ("host/port4", "drifted/eth0"), ("drifted/theirs", None), ("two/a", "two/b")],
                  [(f"host/port{i}", "host/br0") for i in range(1, 5)])


def hostile():
    return answer([namespace(name, interface(name.replace("/", "|")[:15], name), gateways=[name]) for name in HOSTILE],
                  [(f"{a}/{a.replace('/', '|')[:15]}", f"{b}/{b.replace('/', '|')[:15]}")
                   for a, b in zip(HOSTILE[::2], HOSTILE[1::2])])


ALL = {"pair": pair(), "star4": star(4), "star19": star(19), "star59": star(59), "chain10": chain(10), "chain60": chain(60),
       "ring5": chain(5, ring=True), "ring20": chain(20, ring=True), "fabric": fabric(4, 16), "fabric60": fabric(6, 54),
       "tree20": tree(3, 5), "tree60": tree(3, 19), "tree3": tree(3, 4, 4), "pairs30": pairs(30), "states": states(),
       "crossed3": crossed(3), "hostile": hostile(), "empty": answer([])}
