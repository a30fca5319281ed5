# SPDX-License-Identifier: MIT
"""A malicious client: python3 flood.py SOCKET HOW MESSAGE. It continues until its standard input ends. It prints a line
when it has begun: when it was connected for the first time."""
import os
import select
import socket
import sys
import threading
import time

PATH, HOW, MESSAGE = sys.argv[1], sys.argv[2], sys.argv[3].encode() + b"\0"
CONNECTIONS = 32  # as many as a user may have
BUFFER = MESSAGE * max(2, 100000 // len(MESSAGE))
begun = threading.Event()


def end():
    sys.stdin.read()
    os._exit(0)


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(PATH)
    except OSError:
        s.close()
        return None
    if not begun.is_set():
        begun.set()
        print("begun", flush=True)
    return s


def come_and_go():
    while True:
        if s := connect():
            s.close()


def send_and_go(data):
    """Sends as much as is accepted, and disconnects."""
    while True:
        if s := connect():
            try:
                while s.send(data):
                    pass
            except OSError:
                pass
            s.close()


def ask(read):
    """On all connections, without end; the answers are read or not."""
    at = {}
    while True:
        while len(at) < CONNECTIONS and (s := connect()):
            at[s] = 0
        readable, writable, _ = select.select(list(at) if read else [], list(at), [], 0.1)
        for s in {*readable, *writable}:
            try:
                if s in readable and not s.recv(1 << 20):
                    raise ConnectionResetError
                if s in writable:
                    at[s] = (at[s] + s.send(BUFFER[at[s]:at[s] + (1 << 17)])) % len(BUFFER)
            except BlockingIOError:
                pass
            except OSError:
                s.close()
                del at[s]
                time.sleep(0.01)


threading.Thread(target=end, daemon=True).start()
{
    "ask": lambda: ask(True),
    "unread": lambda: ask(False),
    "connect": come_and_go,
    "gone": lambda: send_and_go(BUFFER),
    "half": lambda: send_and_go(b" " * 60000),
    "garbage": lambda: send_and_go(b"x\0"),
}[HOW]()
