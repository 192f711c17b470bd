"""Clients of the JOSE address, honest and other: certificates, and TLS 1.3 records made by hand."""

import os
import socket
import ssl
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat, PublicFormat,
                                                          load_pem_private_key)
from cryptography import x509

from edge_rig import WAIT, run

OTP = "/v1/otp"
HOUR_MS = 3_600_000


def now_ms():
    return int(time.time() * 1000)


class Programme:
    """A key and a certificate of it, which edge may know or not."""

    def __init__(self, folder, name, subject="programme", serial=1, key=None, comment="none"):
        self.key = os.path.join(folder, name + ".key")
        self.certificate = os.path.join(folder, name + ".pem")
        make = ["-key", key] if key else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                          "-keyout", self.key]
        run("openssl", "req", "-x509", "-subj", f"/CN={subject}", "-set_serial", str(serial), "-days", "2", *make,
            "-addext", "nsComment=" + comment, "-out", self.certificate)
        if key:
            self.key = key
        self.chain = self.certificate
        with open(self.certificate, "rb") as file:
            certificate = x509.load_pem_x509_certificate(file.read())
        self.thumbprint = certificate.fingerprint(hashes.SHA256()).hex().upper()
        self.point = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def listed(self, since_ms=-HOUR_MS, until_ms=HOUR_MS):
        """As core tells edge, with dates relative to now."""
        return f"{self.thumbprint}:{now_ms() + since_ms}:{now_ms() + until_ms}"

    def chained(self, folder, count):
        """Shows this certificate count times."""
        with open(self.certificate, encoding="ascii") as file:
            text = file.read()
        self.chain = os.path.join(folder, f"chain-{count}.pem")
        with open(self.chain, "w", encoding="ascii") as file:
            file.write(text * count)
        return self

    def without_its_key(self, folder):
        """Shows this certificate, and signs with another key that claims to be its."""
        other = ec.generate_private_key(ec.SECP256R1())
        encoded = other.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        point = other.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert encoded.count(point) == 1
        der, self.key = os.path.join(folder, "forged.der"), os.path.join(folder, "forged.key")
        with open(der, "wb") as file:
            file.write(encoded.replace(point, self.point))
        run("openssl", "ec", "-inform", "DER", "-in", der, "-out", self.key)
        with open(self.key, "rb") as file:
            numbers = load_pem_private_key(file.read(), None).private_numbers()
        assert numbers.private_value == other.private_numbers().private_value
        return self


def context_of(edge, programme, version=ssl.TLSVersion.TLSv1_3):
    context = edge.context(version)
    if programme is not None:
        context.load_cert_chain(programme.chain, programme.key)
    return context


class Records:
    """What an honest library would not send, over a connection it has made. AES-128-GCM, SHA-256."""

    def __init__(self, edge, programme):
        log = os.path.join(edge.folder, f"keys-{time.monotonic_ns()}")
        context = context_of(edge, programme)
        context.keylog_filename = log
        self.client = edge.connect(context, port=edge.jose_port)
        assert self.client.socket.cipher()[0] == "TLS_AES_128_GCM_SHA256"
        with open(log, encoding="ascii") as file:
            secrets = dict(line.split()[::2] for line in file if line.startswith("CLIENT_"))
        self.secret = bytes.fromhex(secrets["CLIENT_TRAFFIC_SECRET_0"])
        self.sequence = 0

    def expand(self, label, length):
        label = b"tls13 " + label
        info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
        return HKDFExpand(hashes.SHA256(), length, info).derive(self.secret)

    def send(self, content, kind):
        """One record; kind 22 is handshake, 23 is application data."""
        header = bytes([23, 3, 3]) + (len(content) + 17).to_bytes(2, "big")
        nonce = int.from_bytes(self.expand(b"iv", 12), "big") ^ self.sequence
        sealed = AESGCM(self.expand(b"key", 16)).encrypt(nonce.to_bytes(12, "big"), content + bytes([kind]), header)
        self.sequence += 1
        with socket.socket(fileno=os.dup(self.client.socket.fileno())) as plain:
            plain.settimeout(WAIT)
            plain.sendall(header + sealed)

    def handshake(self, message, content=b""):
        self.send(bytes([message]) + len(content).to_bytes(3, "big") + content, 22)

    def wait_until_read(self):
        """Until nothing of ours is left in the kernel at the other end."""
        (_, here), (_, there) = self.client.socket.getsockname(), self.client.socket.getpeername()
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            with open("/proc/net/tcp", encoding="ascii") as file:
                for line in file:
                    _, local, remote, _, queues, *_ = line.split()
                    ours = local.endswith(f":{there:04X}") and remote.endswith(f":{here:04X}")
                    if ours and queues.endswith(":00000000"):
                        return
            time.sleep(0.001)
        raise AssertionError("edge does not read")

    def update_key(self):
        self.handshake(24, b"\0")
        self.secret = self.expand(b"traffic upd", 32)
        self.sequence = 0
