# SPDX-License-Identifier: MIT
"""What another program may do to netnsd's table, where the topology lab has a dnat of port 80 and a filter of forward."""


def again(what, jumps="add rule inet netnsd forward jump forward_lab; add rule inet netnsd forward jump last_forward_lab"):
    """The base chain at another place, which the kernel does by no change."""
    return (f"nft 'flush chain inet netnsd forward; delete chain inet netnsd forward; add chain inet netnsd forward "
            f"{{ {what}; }}; {jumps}'")


DRIFTS = {
    "flush": "nft flush ruleset",
    "one rule": "nft delete rule inet netnsd prerouting_lab handle $(nft -a list chain inet netnsd prerouting_lab | "
                "sed -n 's/.*dnat.*handle //p')",
    "added": "nft add rule inet netnsd forward_lab tcp dport 9 accept",
    "replaced": "nft replace rule inet netnsd prerouting_lab handle $(nft -a list chain inet netnsd prerouting_lab | "
                "sed -n 's/.*dnat.*handle //p') tcp dport 80 dnat ip to 10.9.0.9",
    "chain": "nft add chain inet netnsd mine",
    "set": "nft add set inet netnsd mine '{ type ipv4_addr; }'",
    "dormant": "nft add table inet netnsd '{ flags dormant; }'",
    "hook": again("type filter hook input priority 0"),
    "priority": again("type filter hook forward priority 7"),
    "type": again("type nat hook postrouting priority 7", ""),
    "policy": "nft add chain inet netnsd forward '{ policy drop; }'",
    "chain of ours": "nft 'flush chain inet netnsd forward; delete chain inet netnsd forward'",
    "chains that are used": "nft 'add chain inet netnsd b; add chain inet netnsd a; add rule inet netnsd a jump b; "
                            "add rule inet netnsd forward_lab jump a'",
    "anonymous chain": "nft 'insert rule inet netnsd forward_lab ip saddr 10.9.9.9 jump { counter; accept; }'",
    "map": "nft 'add chain inet netnsd mine; add map inet netnsd m { type ipv4_addr : verdict; "
           "elements = { 10.9.9.1 : jump mine, 10.9.9.2 : drop }; }; insert rule inet netnsd forward_lab ip saddr vmap @m'",
    "objects": "nft 'add counter inet netnsd c; add quota inet netnsd q { 5 mbytes }; add map inet netnsd o "
               "{ type ipv4_addr : counter; elements = { 10.9.9.1 : c }; }; insert rule inet netnsd forward_lab counter name c'",
    "one object": "nft add counter inet netnsd c",
    "base chain": "nft 'add chain inet netnsd theirs { type filter hook forward priority -9; policy drop; }'",
    "longest name": f"nft 'add chain inet netnsd {'n' * 127}; add set inet netnsd {'s' * 127} {{ type mark; }}'",
}

# While these last, what the filter forbids gets through.
OPEN = {"flush", "dormant", "hook", "type", "chain of ours"}
