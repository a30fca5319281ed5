# SPDX-License-Identifier: MIT
"""What must exist, according to netnsd-topology(5), and what exists, according to ip(8): both as facts, a dict of
(namespace, what, ...): value. It knows nothing about how netnsd makes its plans."""
import ipaddress
import re

# Of these there may be none but those expected. All other facts are of one of these.
THINGS = "namespace", "link", "address", "route", "rule", "neighbor", "qdisc", "etc", "nft"
FORWARDED = "ipv4/forwarding", "ipv6/forwarding", "ipv6/accept_ra"  # keys that switching forwarding sets as well


def seen(look):
    facts = {}
    for netns, raw in look.items():
        facts[netns, "namespace"] = raw.get("error", "there")
        if "error" in raw:
            continue
        facts[netns, "inode"] = raw["inode"]
        facts.update(((*path.split("/")[:1], "etc", path), seen_etc(text)) for path, text in raw.get("etc", {}).items())
        facts.update(seen_sysctls(netns, raw))
        facts.update(seen_nft(netns, raw.get("nft", "")))
        for link in raw.get("links", []):
            facts.update(seen_link(netns, link, look))
        for link in raw.get("addresses", []):
            facts.update(seen_addresses(netns, link))
        for route in raw.get("routes", []):
            facts.update(seen_route(netns, route))
        for qdisc in raw.get("qdiscs", []):
            options = qdisc["options"]
            facts[netns, "qdisc", qdisc["dev"]] = (qdisc["kind"], qdisc["handle"], options.get("rate"),
                                                   round(options.get("burst", 0) / 1024), round(options.get("lat", 0) / 1000))
        for neighbor in raw.get("neighbors", []) + raw.get("proxies", []):
            facts[netns, "neighbor", neighbor["dst"], neighbor["dev"], "proxy" in neighbor] = (
                neighbor.get("lladdr"), "router" in neighbor, str(neighbor.get("protocol")))
        for key, family in ("rules", "inet"), ("rules6", "inet6"):
            for rule in [rule for rule in raw.get(key, []) if rule.get("protocol") != "kernel"]:
                at = netns, "rule", family, *rule_key(rule)
                facts[at] = facts.get(at, ()) + (str(rule.get("protocol")),)
    return facts


def seen_etc(text):
    """The lines that say something: the three that every hosts file begins with do not."""
    return [line for line in text.splitlines() if not line.startswith(("127.", "::1 "))]


CHAIN = re.compile(r"^\tchain (?:(last)_)?(\w+?)_(topology\d) \{\n(.*?)^\t\}", re.M | re.S)


def seen_nft(netns, text):
    """Of each topology what its file has rules for; what netnsd adds to them is of test_nft_rules.py."""
    facts = {}
    for last, chain, name, body in CHAIN.findall(text):
        lines = [line.strip().replace('"', "") for line in body.splitlines()]
        # The policy is the last rule.
        found = ["reject" if any("reject" in line for line in lines) else "drop"] if last else \
            [line for line in lines if " 10.8." in line or " 10.9." in line]
        if found:
            facts.setdefault((netns, "nft", name), {})["last_" * bool(last) + chain] = found
    return facts


def rule_key(rule):
    """Priority, table and selectors of a rule of ip -j."""
    length = f"/{rule['srclen']}" if "srclen" in rule else "", f"/{rule['dstlen']}" if "dstlen" in rule else ""
    mark = f"{rule['fwmark']}/{rule.get('fwmask', '0xffffffff')}" if "fwmark" in rule else None
    return (rule["priority"], str(rule.get("table")), rule["src"] + length[0], rule.get("dst", "all") + length[1], mark,
            rule.get("iif"))


def seen_sysctls(netns, raw):
    """They were read a moment before the links: what a link has lost since then, with its MTU or with its name, is left out."""
    mtu = {link["ifname"]: link["mtu"] for link in raw.get("links", [])}
    for key, value in raw["sysctls"].items():
        link, _, rest = key.partition("/")
        if link in ("ipv4", "ipv6", "core") or mtu.get(link, 0) >= (1280 if rest.startswith("ipv6") else 1):
            yield (netns, "sysctl", key), value


def seen_link(netns, link, look):
    name, info = link["ifname"], link.get("linkinfo", {})
    data = info.get("info_data", {})
    told = {
        "kind": info.get("info_kind"), "up": "UP" in link["flags"], "mtu": link["mtu"], "mac": link["address"],
        "master": link.get("master"), "txqlen": link.get("txqlen"), "addrgen": link.get("inet6_addr_gen_mode"),
        "alias": link.get("ifalias"), "group": link.get("group"), "peer": peer(netns, link, look),
        "stp_state": bool(data.get("stp_state")), "forward_delay": data.get("forward_delay"), "priority": data.get("priority"), "ifindex": link["ifindex"],
    }
    return {(netns, "link", name): "there", **{(netns, key, name): value for key, value in told.items()}}


def peer(netns, link, look):
    """The other end of a veth pair. Namespaces have numbers in each other, of which the host's has no name."""
    if "link_netnsid" not in link:
        return f"{netns}/{link['link']}" if "link" in link else None
    names = {number["nsid"]: number.get("name", "host") for number in look[netns].get("numbers", [])}
    other = names.get(link["link_netnsid"])
    far = [f["ifname"] for f in look.get(other, {}).get("links", []) if f["ifindex"] == link["link_index"]]
    return f"{other}/{far[0]}" if far else None


def seen_addresses(netns, link):
    facts = {}
    for a in link["addr_info"]:
        if a["local"].startswith("fe80:") or (link["ifname"], a["local"]) in (("lo", "127.0.0.1"), ("lo", "::1")):
            continue
        at = link["ifname"], f"{a['local']}/{a['prefixlen']}"
        facts[(netns, "address", *at)] = "there"
        facts[(netns, "metric", *at)] = a.get("metric", 0)
        facts[(netns, "secondary", *at)] = a.get("secondary", False)
    return facts


def seen_route(netns, route):
    if route["protocol"] in ("kernel", "ra") or route["dst"].startswith(("fe80:", "ff00:")):
        return {}
    at = "inet6" if "pref" in route else "inet", route["dst"], route["table"], route.get("metric", 0)
    hops = route.get("nexthops", [route] if "gateway" in route else [])
    return {
        (netns, "route", *at): route["type"],
        (netns, "protocol", *at): route["protocol"],
        (netns, "via", *at): sorted((hop["gateway"], hop.get("weight", 1)) for hop in hops),
        (netns, "dev", *at): route.get("dev"),
        (netns, "src", *at): route.get("prefsrc"),
    }


def bodies(topology):
    return {"host": topology.get("host", {}), **topology.get("namespaces", {})}


def is_ours(netns, body):
    return netns != "host" and not body.get("existing")


def place(netns, reference):
    return tuple(reference.split("/")) if "/" in reference else (netns, reference)


def veth_pairs(topology):
    """{end: other end}, both ways."""
    found = {}
    for netns, body in bodies(topology).items():
        for name, link in body.get("interfaces", {}).items():
            if "peer" in link:
                far = place(netns, link["peer"])
                found[netns, name], found[far] = far, (netns, name)
    return found


def links(topology):
    """((namespace, interface), what is declared of it, whether it is ours) of all, including those that are only named
    as peers."""
    ends = veth_pairs(topology)
    said = {(netns, name): link for netns, body in bodies(topology).items() for name, link in body.get("interfaces", {}).items()}
    return [(at, said.get(at, {}), at in ends or "kind" in said[at]) for at in {**said, **ends}]


def declared(name, topology):
    """The facts that @topology, called @name, implies."""
    facts, ends = {}, veth_pairs(topology)
    for netns, body in bodies(topology).items():
        facts.update(declared_body(netns, body))
        for route in body.get("routes", []):
            facts.update(declared_route(netns, route))
        for rule in body.get("rules", []):
            facts.update(declared_rule(netns, rule))
        facts.update(declared_nft(name, netns, body))
        for neighbor in body.get("neighbors", []):
            facts[netns, "neighbor", neighbor["address"], neighbor["dev"], neighbor.get("proxy", False)] = (
                neighbor.get("mac"), neighbor.get("router", False), "78")
    for at, link, made in links(topology):
        body = bodies(topology).get(at[0], {})
        mark = {"alias": f"netnsd:{name}", "group": group(name)} if made else {}
        facts.update(declared_link(at, link, mark, is_ours(at[0], body)))
        if made and is_ours(at[0], body) and link.get("mtu", 1500) >= 1280:
            # Whenever the default was declared.
            hop_limit = body.get("sysctl", {}).get("net.ipv6.conf.default.hop_limit", 64)
            facts[at[0], "sysctl", f"{at[1]}/ipv6/hop_limit"] = str(link.get("sysctl", {}).get("ipv6.hop_limit", hop_limit))
        facts.update(declared_veth(at, link, ends[at]) if at in ends else {})
        for address in link.get("addresses", []):
            facts.update(declared_address(at, address))
    return facts


def group(name):
    """The link group of a topology: a bit, and 29 of the FNV-1a hash of its name."""
    h = 0xcbf29ce484222325
    for byte in name.encode() + b"\0":
        h = (h ^ byte) * 0x100000001b3 % (1 << 64)
    return str(1 << 30 | (h ^ h >> 32) % (1 << 29))


def is_forwarded(at):
    return at[1] == "sysctl" and at[2].endswith(FORWARDED)


def declared_body(netns, body):
    facts = {}
    forwarding = body.get("forwarding", False if is_ours(netns, body) else None)
    if is_ours(netns, body):
        facts = {(netns, "namespace"): "there", (netns, "link", "lo"): "there", (netns, "up", "lo"): True,
                 (netns, "sysctl", "ipv4/conf/all/rp_filter"): "0", (netns, "sysctl", "ipv4/conf/default/rp_filter"): "0",
                 (netns, "sysctl", "ipv6/conf/default/accept_ra"): "0"}
    if forwarding is not None:
        facts[netns, "sysctl", "ipv4/ip_forward"] = str(int(forwarding in (True, "ipv4")))
        facts[netns, "sysctl", "ipv6/conf/all/forwarding"] = str(int(forwarding in (True, "ipv6")))
    if "dns" in body:
        facts[netns, "etc", f"{netns}/resolv.conf"] = [f"nameserver {body['dns']['nameservers'][0]}", f"search {body['dns']['search'][0]}"]
    if "hosts" in body:
        facts[netns, "etc", f"{netns}/hosts"] = [f"{address} {names[0]}" for address, names in body["hosts"].items()]
    for key, value in body.get("sysctl", {}).items():
        facts[netns, "sysctl", key.replace(".", "/").removeprefix("net/")] = str(value)
    return facts


def declared_link(at, link, alias, in_ours):
    netns, name = at
    told = {key: link[key] for key in ("up", "mtu", "mac", "master", "txqlen", "addrgen", "stp_state", "forward_delay", "priority")
            if key in link}
    facts = {}
    if alias:
        told = {"kind": "veth", "up": True, "txqlen": 1000, "master": None, "addrgen": "eui64", **alias, **told}
        if "kind" in link:
            told["kind"] = link["kind"]
        if told.get("mtu", 1500) < 1280:
            del told["addrgen"]  # the kernel removes all of IPv6 from such a link
        told.setdefault(*("mtu", 1500) if told["kind"] == "veth" else ("stp_state", False))
        facts = {(netns, "link", name): "there", (netns, "sysctl", f"{name}/ipv4/promote_secondaries"): "1"}
        if in_ours:
            facts[netns, "sysctl", f"{name}/ipv4/rp_filter"] = "0"
    facts.update(((netns, key, name), value) for key, value in told.items())
    if "tbf" in link:
        rate, burst, latency = (int(link["tbf"][key].rstrip("abcdefghijklmnopqrstuvwxyz")) for key in ("rate", "burst", "latency"))
        facts[netns, "qdisc", name] = "tbf", "4e44:", rate * 125000, burst, latency
    for key, value in link.get("sysctl", {}).items():
        facts[netns, "sysctl", f"{name}/{key.replace('.', '/')}"] = str(value)
    return facts


def declared_veth(at, link, far):
    facts = {(at[0], "peer", at[1]): "/".join(far)}
    if link.get("mtu", 1500) >= 1280:
        facts[at[0], "sysctl", f"{at[1]}/ipv6/accept_ra"] = "0"
    return facts


def declared_address(at, address):
    said = address if isinstance(address, dict) else {"address": address}
    text = str(ipaddress.ip_interface(said["address"]))
    return {(at[0], "address", at[1], text): "there", (at[0], "metric", at[1], text): said.get("metric", 0)}


def declared_route(netns, route):
    hops = route.get("nexthops", [route] if "via" in route else [])
    family = "inet6" if ":" in route["to"] + "".join(hop["via"] for hop in hops) else "inet"
    table = {254: "main"}.get(route.get("table", 254), str(route.get("table")))
    to = route["to"] if route["to"] == "default" else str(ipaddress.ip_network(route["to"]))
    at = family, to, table, route.get("metric", 1024 if family == "inet6" else 0)
    facts = {(netns, "route", *at): route.get("type", "unicast"), (netns, "protocol", *at): "78",
             (netns, "via", *at): sorted((str(ipaddress.ip_address(hop["via"])), hop.get("weight", 1)) for hop in hops)}
    facts.update(((netns, key, *at), route[key]) for key in ("dev", "src") if key in route)
    return facts


def declared_rule(netns, rule):
    """Without an address and a family it is one for each."""
    address = rule.get("from", rule.get("to"))
    families = ["inet6" if ":" in address else "inet"] if address else [rule["family"]] if "family" in rule else ["inet", "inet6"]
    return {(netns, "rule", family, rule["priority"], str(rule["table"]), rule.get("from", "all"), rule.get("to", "all"),
             rule.get("fwmark"), rule.get("iif")): ("78",) for family in families}


def declared_nft(name, netns, body):
    """As nft(8) lists the rules of generator.add_nft."""
    found, nat, rules = {}, body.get("nat", {}), body.get("filter", {})
    for rule in nat.get("masquerade", []):
        found.setdefault("postrouting", []).append(f"oifname {rule['out']} ip saddr {rule['from']} masquerade")
    for rule in nat.get("dnat", []):
        for chain in "prerouting", "nat_output":
            found.setdefault(chain, []).append(f"ip daddr {rule['at']} tcp dport {rule['port']} dnat ip to {rule['to']}")
    for rule in rules.get("rules", []):
        found.setdefault(rule["chain"], []).append(f"ip saddr {rule['from']} tcp dport {rule['port']} {rule['action']}")
    for chain in "input", "forward", "output":
        if rules.get(chain, "accept") != "accept":
            found[f"last_{chain}"] = [rules[chain]]
    return {(netns, "nft", name): found} if found else {}


def expected(foreign, topologies):
    """All facts that must hold: those of @foreign (facts), unless a topology of {name: topology} says otherwise."""
    facts = dict(foreign)
    for name, topology in topologies.items():
        for netns, body in bodies(topology).items():
            if "forwarding" in body and not is_ours(netns, body):
                facts = {at: value for at, value in facts.items() if at[0] != netns or not is_forwarded(at)}
        facts.update(declared(name, topology))
    return facts


def differences(want, have):
    """Lines about what is not as it must be."""
    found = [f"{' '.join(map(str, at))}: must be {value!r}, is {have.get(at)!r}" for at, value in want.items()
             if at not in have or have[at] != value]
    return found + [f"{' '.join(map(str, at))}: must not be there" for at in have if at[1] in THINGS and at not in want]
