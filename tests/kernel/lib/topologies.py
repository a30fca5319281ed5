# SPDX-License-Identifier: MIT
"""Topologies that tests start from, each a fresh dict."""


def everyday():
    return {
        "host": {"interfaces": {"veth-host": {"addresses": ["10.0.0.1/24"]}}},
        "namespaces": {"ns1": {
            "interfaces": {"veth-ns": {"kind": "veth", "peer": "host/veth-host", "addresses": ["10.0.0.2/24"]}},
            "routes": [{"to": "default", "via": "10.0.0.1"}],
        }},
    }


def veth(peer, *addresses, **more):
    """An interface."""
    return {"kind": "veth", "peer": peer, "addresses": list(addresses), **more}


def pair():
    """Two namespaces, a and b, on one veth pair."""
    return {"namespaces": {
        "a": {"interfaces": {"eth0": {"kind": "veth", "peer": "b/eth0", "addresses": ["10.0.0.1/24"]}}},
        "b": {"interfaces": {"eth0": {"addresses": ["10.0.0.2/24"]}}},
    }}


def many(n):
    """The everyday case n times."""
    host, namespaces = {}, {}
    for i in range(n):
        net = f"10.{100 + i // 64 // 256}.{i // 64 % 256}"
        low = i % 64 * 4
        host[f"vh{i}"] = {"addresses": [f"{net}.{low + 1}/30"]}
        namespaces[f"ns{i}"] = {
            "interfaces": {"eth0": {"kind": "veth", "peer": f"host/vh{i}", "addresses": [f"{net}.{low + 2}/30"]}},
            "routes": [{"to": "default", "via": f"{net}.{low + 1}"}],
        }
    return {"host": {"interfaces": host}, "namespaces": namespaces}
