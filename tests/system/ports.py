"""Ports for what a test starts: below those the kernel gives to clients, which another test's connection could take."""

import random
import socket

FIRST, LAST = 15000, 32767
_draw = random.SystemRandom()


def free_ports(count):
    probes = []
    while len(probes) < count:
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", _draw.randint(FIRST, LAST)))
            probes.append(probe)
        except OSError:
            probe.close()
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
