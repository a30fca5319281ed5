# SPDX-License-Identifier: MIT
"""Sends datagrams from one namespace to another, and prints for each that arrives its number, and when it was sent and, by
the kernel's own clock, received: however late this process gets to read them.
usage: traffic.py FROM TO ADDRESS COUNT SIZE GAP     GAP: seconds between two"""
import ctypes
import json
import os
import select
import socket
import struct
import sys
import time

SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
QUIET = 0.5  # seconds without a datagram end it
HEAD = 42    # Ethernet, IPv4, UDP: what a queue counts as well


def enter(netns):
    libc, there = ctypes.CDLL(None, use_errno=True), os.open(f"/run/netns/{netns}", os.O_RDONLY)
    assert libc.setns(there, 0) == 0, os.strerror(ctypes.get_errno())


def socket_in(netns, kind=socket.SOCK_DGRAM):
    libc, here = ctypes.CDLL(None, use_errno=True), os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(netns)
    try:
        return socket.socket(socket.AF_INET, kind)
    finally:
        assert libc.setns(here, 0) == 0


def arrived(receiver):
    data, ancillary, _, _ = receiver.recvmsg(65536, 256)
    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
    return [int.from_bytes(data[:4], "big"), seconds + nanoseconds / 1e9, len(data) + HEAD]


def wait_for_stamps(receiver, sender, address):
    """The kernel begins to stamp what arrives a moment after it was asked to; until then the time is that of reading."""
    while True:
        sender.sendto(b"", (address, 7000))
        sent = time.time()
        _, ancillary, _, _ = receiver.recvmsg(1, 256)
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
        if seconds + nanoseconds / 1e9 <= sent:
            return


def main(source, target, address, count, size, gap):
    sender, receiver = socket_in(source), socket_in(target)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    receiver.bind((address, 7000))
    wait_for_stamps(receiver, socket_in(target), address)
    sender.connect((address, 7000))
    sent, got = [], []
    for i in range(int(count)):
        sent.append(time.time())
        sender.send(i.to_bytes(4, "big").ljust(int(size) - HEAD, b"\0"))
        if float(gap):
            time.sleep(float(gap))
    while select.select([receiver], [], [], QUIET)[0]:
        got.append(arrived(receiver))
    print(json.dumps([[i, sent[i] if i < len(sent) else 0, at, n] for i, at, n in got]))


if __name__ == "__main__":
    main(*sys.argv[1:])
