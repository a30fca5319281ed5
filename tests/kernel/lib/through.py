# SPDX-License-Identifier: MIT
"""Sends through a router from one namespace to another until its input ends, and prints what became of it, as JSON.
What may pass is 10.1.0.2's: datagrams to port 7778, of one flow and of ever new ones, a TCP stream, and echo requests; what
may not are datagrams of 10.1.0.3, to port 7777. Either may be left out.
usage: through.py FROM TO allowed|forbidden|both"""
import json
import os
import select
import socket
import struct
import sys
import time

from traffic import SO_RCVBUFFORCE, enter, socket_in

ALLOWED, FORBIDDEN, SERVER = "10.1.0.2", "10.1.0.3", "192.0.2.9"
STEP = 0.001  # seconds
QUIET = 0.5   # seconds without a datagram end it
ECHO = 8


def server(netns, port):
    s = socket_in(netns)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    s.setblocking(False)
    s.bind(("", port))
    return s


def received(s):
    """(datagram, sender) of each that has arrived."""
    while True:
        try:
            yield s.recvfrom(256)
        except BlockingIOError:
            return


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Datagrams:
    """Numbered; each that arrives is checked off, and who it is from is noted."""

    def __init__(self, netns):
        self.sent, self.missing, self.sources = 0, set(), set()
        self.server = server(netns, 7778)

    def begin(self):
        self.flow = socket.socket(type=socket.SOCK_DGRAM)
        self.flow.bind((ALLOWED, 5000))

    def send(self, turn):
        self.one(self.flow)
        if turn % 4 == 0:
            with socket.socket(type=socket.SOCK_DGRAM) as new:
                new.bind((ALLOWED, 0))
                self.one(new)

    def one(self, s):
        self.missing.add(self.sent)
        s.sendto(self.sent.to_bytes(4, "big"), (SERVER, 7778))
        self.sent += 1

    def drain(self):
        for data, peer in received(self.server):
            self.missing.discard(int.from_bytes(data, "big"))
            self.sources.add(peer[0])

    def result(self):
        return {"datagrams": self.sent, "lost": len(self.missing), "sources": sorted(self.sources)}


PATTERN = bytes(range(251)) * 300


def pattern(at, size):
    return PATTERN[at % 251:][:size]


class Stream:
    def __init__(self, netns):
        self.listener = socket_in(netns, socket.SOCK_STREAM)
        self.listener.bind((SERVER, 9000))
        self.listener.listen()
        self.sent = self.got = 0

    def begin(self):
        self.sender = socket.create_connection((SERVER, 9000), 30, (ALLOWED, 0))
        self.receiver = self.listener.accept()[0]
        for s in self.sender, self.receiver:
            s.setblocking(False)

    def send(self, turn):
        if turn % 8:
            return
        try:
            self.sent += self.sender.send(pattern(self.sent, 4096))
        except BlockingIOError:
            pass

    def drain(self):
        try:
            data = self.receiver.recv(65536)
        except BlockingIOError:
            return
        assert data == pattern(self.got, len(data))
        self.got += len(data)

    def result(self):
        self.sender.shutdown(socket.SHUT_WR)
        self.receiver.settimeout(60)
        while data := self.receiver.recv(65536):
            self.got += len(data)
        return {"bytes": self.sent, "bytes lost": self.sent - self.got}


class Pings:
    def __init__(self, _):
        self.sent, self.missing = 0, set()

    def begin(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.bind((ALLOWED, 0))

    def send(self, turn):
        if turn % 5:
            return
        head = struct.pack("!BBHHH", ECHO, 0, 0, 4242, self.sent % 65536)
        self.socket.sendto(struct.pack("!BBHHH", ECHO, 0, checksum(head), 4242, self.sent % 65536), (SERVER, 0))
        self.missing.add(self.sent % 65536)
        self.sent += 1

    def drain(self):
        for data, _ in received(self.socket):
            kind, _, _, number, sequence = struct.unpack_from("!BBHHH", data, (data[0] & 15) * 4)
            if (kind, number) == (0, 4242):
                self.missing.discard(sequence)

    def result(self):
        return {"pings": self.sent, "pings lost": len(self.missing)}


class Flood:
    """What may not pass."""

    def __init__(self, netns):
        self.server = server(netns, 7777)
        self.sent = self.leaked = 0

    def begin(self):
        pass

    def send(self, _):
        for _ in range(6):
            with socket.socket(type=socket.SOCK_DGRAM) as s:
                try:
                    s.bind((FORBIDDEN, 0))
                    s.sendto(b"x", (SERVER, 7777))
                    self.sent += 1
                except OSError:  # there is no such address, or no way, yet
                    return

    def drain(self):
        self.leaked += sum(1 for _ in received(self.server))

    def result(self):
        return {"forbidden": self.sent, "leaked": self.leaked}


def main(source, target, which):
    parts = [Datagrams, Stream, Pings] * (which != "forbidden") + [Flood] * (which != "allowed")
    running = [part(target) for part in parts]
    enter(source)
    for part in running:
        part.begin()
    print("ready", flush=True)
    turn = 0
    while not select.select([sys.stdin], [], [], STEP)[0]:
        for part in running:
            part.send(turn)
            part.drain()
        turn += 1
    os.read(0, 1)
    servers = [part.server for part in running if hasattr(part, "server")] + [p.socket for p in running if hasattr(p, "socket")]
    while select.select(servers, [], [], QUIET)[0]:
        for part in running:
            part.drain()
    found = {}
    for part in running:
        found.update(part.result())
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
