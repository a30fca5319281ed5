# SPDX-License-Identifier: MIT
"""Creates the nftables table inet netnsd as its owner (NFT_TABLE_F_OWNER), and keeps it until its input ends."""
import socket
import struct
import sys

BEGIN, END, NEWTABLE, REQUEST, CREATE_EXCL_ACK = 16, 17, 10 << 8, 1, 0x604
NAME, FLAGS, OWNER = 1, 2, 2


def message(kind, flags, family, subsystem, body=b""):
    body = struct.pack(">BBH", family, 0, subsystem) + body
    return struct.pack("=IHHII", 16 + len(body), kind, flags | REQUEST, 1, 0) + body


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(message(BEGIN, 0, 0, 10) + message(NEWTABLE, CREATE_EXCL_ACK, 1, 0, attribute(NAME, b"netnsd\0")
                                            + attribute(FLAGS, struct.pack(">I", OWNER))) + message(END, 0, 0, 10))
code = struct.unpack_from("=i", s.recv(65536), 16)[0]
assert code == 0, code
print("ready", flush=True)
sys.stdin.read()
