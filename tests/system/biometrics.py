"""A capture device for the system tests: Python's cryptography, nothing of ours, so that a mistake made twice does not
cancel out. Everything that it signs or seals can be bent, segment by segment."""

import base64
import datetime
import hashlib
import json
import os
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from programme import b64u, now


def jws(document, signer):
    """Compact, RS256, with the signer's certificate; ${signer} is (key, certificate)."""
    key, certificate = signer
    der = certificate.public_bytes(serialization.Encoding.DER)
    head = b64u(json.dumps({"alg": "RS256", "x5c": [base64.b64encode(der).decode()]}).encode())
    text = head + "." + b64u(document if isinstance(document, bytes) else json.dumps(document).encode())
    return text + "." + b64u(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))


def salts(timestamp, transaction_id):
    """What bioValue is sealed with: IV and additional data."""
    a, b = timestamp.encode(), transaction_id.encode()
    size = max(len(a), len(b))
    mixed = bytes(x ^ y for x, y in zip(a.rjust(size, b"\0"), b.rjust(size, b"\0")))
    return mixed[-12:], mixed[-16:]


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, name):
        self.key = rsa.generate_private_key(65537, 2048)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.build(self.name, self.key, authority=True)

    def build(self, subject, key, authority=False, days=(-1, 30)):
        start = datetime.datetime.utcnow()
        constraints = x509.BasicConstraints(ca=authority, path_length=0 if authority else None)
        usage = x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
                              content_commitment=False, key_encipherment=False, data_encipherment=False,
                              key_agreement=False, encipher_only=False, decipher_only=False)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(start + datetime.timedelta(days=days[0]))
                   .not_valid_after(start + datetime.timedelta(days=days[1]))
                   .add_extension(constraints, critical=True).add_extension(usage, critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False))
        if not authority:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def signer(self, name="device", **more):
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return key, self.build(subject, key, **more)

    def write(self, path):
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path


def request(path, name="whatever I like"):
    """A key and the file with its request for a certificate."""
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return key, path


class Capture:
    """What is held on a device once: a record, as a part of the body, and how the device misbehaves."""

    def __init__(self, record, kind="Finger", part="Right IndexFinger", **bent):
        self.record, self.kind, self.part, self.bent = record, kind, part, bent


class Device:
    """A device of the kit. Bends of a capture: data, digital_id and element are members to replace (KeyError leaves one
    out); signer and chip are other keys; spoil is called with the finished element."""

    def __init__(self, kit, kind="Finger"):
        self.kit = kit
        self.entry = next(d for d in kit.document["devices"] if d["digital_id"]["type"] == kind)
        self.signer = self.load("p12")
        self.chip = self.load("ftm_p12") if "ftm_p12" in self.entry else self.signer
        pem = kit.path("biometric_encryption_certificate").read_bytes()
        self.encryption = x509.load_pem_x509_certificate(pem)

    def load(self, name):
        key, certificate, _ = pkcs12.load_key_and_certificates((self.kit.folder / self.entry[name]).read_bytes(),
                                                               self.entry["p12_password"].encode())
        return key, certificate

    @staticmethod
    def bend(document, changes):
        for name, value in (changes or {}).items():
            if value is KeyError:
                del document[name]
            else:
                document[name] = value
        return document

    def element(self, capture, txn, chain, domain_uri):
        """One element of the array, and the chain behind it."""
        bent, key = capture.bent, os.urandom(32)
        time = bent.get("time", now())
        identity = {**self.entry["digital_id"], "type": "Finger" if capture.kind == "FMR" else capture.kind,
                    "dateTime": bent.get("id_time", time)}
        signed_identity = jws(self.bend(identity, bent.get("digital_id")), bent.get("chip", self.chip))
        data = {"digitalId": signed_identity, "deviceCode": "CODE-1", "deviceServiceVersion": "0.9.5",
                "bioType": capture.kind, "bioSubType": capture.part, "purpose": "Auth",
                "env": self.kit.document["env"], "domainUri": domain_uri or self.kit.document["domain_uri"],
                "transactionId": txn, "timestamp": time, "version": "1.0", "requestedScore": 60, "qualityScore": 80.5}
        iv, more = salts(bent.get("sealed_at", time), txn)
        data["bioValue"] = b64u(AESGCM(key).encrypt(iv, capture.record, more))
        chain = hashlib.sha256(chain + hashlib.sha256(capture.record).digest()).digest()
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        element = {"specVersion": "1.0",
                   "data": jws(self.bend(data, bent.get("data")), bent.get("signer", self.signer)),
                   "hash": chain.hex().upper(), "sessionKey": b64u(self.encryption.public_key().encrypt(key, oaep)),
                   "thumbprint": b64u(self.encryption.fingerprint(hashes.SHA256()))}
        self.bend(element, bent.get("element"))
        bent.get("spoil", lambda element: None)(element)
        return element, chain

    def take(self, txn, *captures, domain_uri=None):
        """The array for `biometrics`."""
        chain, elements = hashlib.sha256().digest(), []
        for capture in captures:
            element, chain = self.element(capture, txn, chain, domain_uri)
            elements.append(element)
        return elements


def record(kit, person, part="Right IndexFinger", number=1):
    """A capture of the kit; 0 is the enrolled one."""
    return (kit.folder / person["biometrics"][part][number]).read_bytes()


def finger(kit, person, part="Right IndexFinger", number=1, **bent):
    return Capture(record(kit, person, part, number), "Finger", part, **bent)


def iris(kit, person, part="Left", number=1, **bent):
    return Capture(record(kit, person, part, number), "Iris", part, **bent)


def image_record():
    """ISO/IEC 19794-4:2005: one image of a finger, as MOSIP's capture devices send by default."""
    view = struct.pack(">IBBBBBHHB", 14 + 400, 2, 1, 1, 80, 0, 20, 20, 0) + bytes(400)
    head = b"FIR\0" + b"010\0" + (32 + len(view)).to_bytes(6, "big") + struct.pack(
        ">HHBBHHHHBBH", 0, 31, 1, 2, 197, 197, 197, 197, 8, 0, 0)
    return head + view


def face_vector():
    """The container of docs/matching-iris-face.md: of a model that nobody has, 64 signed bytes."""
    return b"FVC\0" + struct.pack(">BBH", 1, 2, 64) + b"model of nobody " + bytes(range(1, 65))


def two_views(one, other):
    """A record of :2005 with both of these views."""
    joined = bytearray(one + other[24:])
    joined[len(one) + 1] = 0x10  # the second of its position
    struct.pack_into(">I", joined, 8, len(joined))
    joined[22] = 2
    return bytes(joined)
