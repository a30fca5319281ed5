# SPDX-License-Identifier: MIT
"""A topology of the namespaces v and w as commands of ip(8), which know nothing of what netnsd refuses."""


def link_commands(links):
    """(namespace, command) for all links, created, changed, and up."""
    done, settings, ups = set(), [], []
    for (ns, name), link in links.items():
        if link.get("kind") == "veth" and (ns, name) not in done:
            peer = link["peer"] if "/" in link["peer"] else f"{ns}/{link['peer']}"
            there, _, other = peer.partition("/")
            done |= {(ns, name), (there, other)}
            yield ns, f"link add {name} type veth peer name {other} netns {there}"
        elif link.get("kind") == "bridge":
            yield ns, f"link add {name} type bridge"
        for field, word in ("mtu", "mtu"), ("mac", "address"), ("txqlen", "txqueuelen"), ("addrgen", "addrgenmode"), ("master", "master"):
            if field in link:
                mode = {"stable": "stable_secret"}.get(link[field], link[field])
                settings.append((ns, f"link set {name} {word} {mode}"))
        if not link.get("up", True) and name == "lo":
            settings.append((ns, "link set lo down"))
        if link.get("up", True):
            ups.append((ns, f"link set {name} up"))
    yield from settings
    yield from ups


def address_commands(links):
    for (ns, name), link in links.items():
        for a in link.get("addresses", []):
            a = {"address": a} if isinstance(a, str) else a
            peer = f" peer {a['peer']}" if "peer" in a else ""
            text = a["address"].partition("/")[0] if peer and "/" in a["peer"] else a["address"]
            scope = f" scope {a['scope']}" if "scope" in a else ""
            label = f" label {a['label']}" if "label" in a else ""
            metric = f" metric {a['metric']}" if a.get("metric") else ""
            nodad = " nodad" if ":" in text else ""
            yield ns, f"addr add {text}{peer} dev {name}{scope}{label}{metric}{nodad}"


def route_command(route):
    v6 = ":" in json_text(route)
    words = ["-6" if v6 else "-4", "route add", route.get("type", ""), route["to"]]
    words += [f"{key} {route[key]}" for key in ("via", "dev", "src", "metric", "table", "scope", "mtu") if key in route]
    words += ["onlink"] if route.get("onlink") else []
    for hop in route.get("nexthops", []):
        words += ["nexthop", *(f"{key} {hop[key]}" for key in ("via", "dev", "weight") if key in hop), *(["onlink"] if route.get("onlink") else [])]
    return " ".join(word for word in words if word)


def json_text(route):
    return " ".join([route["to"], route.get("via", ""), route.get("src", ""), *(h.get("via", "") for h in route.get("nexthops", []))])


def commands(topology):
    """Lists of (namespace, command): links, addresses and routes; and of (namespace, key, value) before and after the links."""
    links = {(ns, name): link for ns, body in topology["namespaces"].items() for name, link in body["interfaces"].items()}
    keys = [(ns, f"{key[:5]}conf/{name}/{key[5:]}", value) for (ns, name), link in links.items() for key, value in link.get("sysctl", {}).items()]
    keys = [(ns, "/proc/sys/net/" + key.replace("ipv4.", "ipv4/").replace("ipv6.", "ipv6/"), value) for ns, key, value in keys]
    first = [(ns, "/proc/sys/" + key.replace(".", "/"), value) for ns, body in topology["namespaces"].items()
             for key, value in body.get("sysctl", {}).items()]
    routes = [(ns, route_command(route)) for ns, body in topology["namespaces"].items() for route in body.get("routes", [])]
    return {"first": first, "links": list(link_commands(links)), "keys": keys, "addresses": list(address_commands(links)), "routes": routes}


class ByHand:
    """Creates it on a machine; the text of the first refusal, or None."""

    def __init__(self, machine):
        self.machine = machine

    def links_or_addresses(self, found):
        for ns in "v", "w":
            lines = [command for at, command in found if at == ns]
            result = self.machine.run("ip", "-n", ns, "-force", "-batch", "-", text="\n".join(lines) + "\n", code=None)
            if result.stderr:
                return result.stderr
        return None

    def keys(self, found):
        for ns, path, value in found:
            result = self.machine.run("ip", "netns", "exec", ns, "sh", "-c", f"echo {value} >{path}", code=None)
            if result.returncode:
                return result.stderr
        return None

    def routes(self, found):
        """In whatever order they can be created."""
        while found:
            refused = [(ns, command, self.machine.run("ip", "-n", ns, *command.split(), code=None)) for ns, command in found]
            refused = [(ns, command, result.stderr) for ns, command, result in refused if result.returncode]
            if len(refused) == len(found):
                return str(refused)
            found = [(ns, command) for ns, command, _ in refused]
        return None

    def make(self, topology):
        found = commands(topology)
        self.machine.sh("ip netns add v; ip netns add w; ip -n v link set lo up; ip -n w link set lo up")
        try:
            return (self.keys(found["first"]) or self.links_or_addresses(found["links"]) or self.keys(found["keys"]) or
                    self.links_or_addresses(found["addresses"]) or self.routes(found["routes"]))
        finally:
            self.machine.sh("ip netns del v; ip netns del w")
