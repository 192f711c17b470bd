"""A programme's client for the system tests: Python's cryptography, nothing of ours, so that a mistake made twice
does not cancel out. Everything about a request can be bent before it is sent."""

import base64
import datetime
import hashlib
import http.client
import json
import os
import random
import ssl
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import pkcs12


def b64u(data, pad=False):
    text = base64.urlsafe_b64encode(data).decode()
    return text if pad else text.rstrip("=")


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def now(offset_seconds=0.0):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at.microsecond // 1000)


def transaction():
    return "".join(random.choice("0123456789") for _ in range(10))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def codes(self):
        return [error["errorCode"] for error in self.json["errors"] or []]

    @property
    def response(self):
        return self.json.get("response")


class Kit:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.document = json.loads((self.folder / "kit.json").read_text())
        self.tls = ssl.create_default_context(cafile=str(self.path("ca_certificate")))
        self.encryption = x509.load_pem_x509_certificate(self.path("encryption_certificate").read_bytes())
        self.outbox = self.path("outbox")
        host = self.document["base_url"].split("//")[1]
        self.host, self.port = host.rsplit(":", 1)
        self.taken = set()

    def path(self, name):
        value = Path(self.document[name])
        return value if value.is_absolute() else self.folder / value

    def partners(self, **wanted):
        return [p for p in self.document["partners"] if all(p.get(k) == v for k, v in wanted.items())]

    def partner(self, partner_id):
        return Programme(self, next(p for p in self.document["partners"] if p["id"] == partner_id))

    def programme(self, has=("otp", "otp-request"), lacks=(), token=None, status="ACTIVE"):
        """A programme by what its policy allows."""
        for entry in self.document["partners"]:
            allowed = {a["authType"] for a in entry["allowed"]["allowedAuthTypes"]}
            mandatory = [a for a in entry["allowed"]["allowedAuthTypes"] if a.get("mandatory")]
            expired = "expired" in entry.get("name", "").lower() or entry.get("note", "") == "expired API key"
            if (entry["status"].upper() == status and set(has) <= allowed and not set(lacks) & allowed
                    and not mandatory and not expired
                    and token in (None, entry["allowed"]["authTokenType"])):
                return Programme(self, entry)
        raise LookupError((has, lacks, token, status))

    def person(self, note="ordinary"):
        """The first person with this note; ordinary people are handed out once each."""
        for index, entry in enumerate(self.document["people"]):
            if entry["note"] == note and (note != "ordinary" or index not in self.taken):
                self.taken.add(index)
                return entry
        raise LookupError(note)

    def connect(self, timeout=20):
        return http.client.HTTPSConnection(self.host, int(self.port), context=self.tls, timeout=timeout)

    def send(self, method, path, body=None, headers=None, timeout=20):
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path):
        return self.send("GET", path)

    def messages(self, transaction_id):
        found = []
        for name in sorted(self.outbox.glob("*.json")):
            message = json.loads(name.read_text())
            if message["transactionID"] == transaction_id:
                found.append(message)
        return found

    def told(self, person, count, seconds=10):
        """Messages to a person that carry no code, once there are ${count}."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            every = [json.loads(name.read_text()) for name in sorted(self.outbox.glob("*.json"))]
            found = [m for m in every if m["to"] in (person["phone"], person["email"]) and m["otp"] is None]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise TimeoutError("%d of %d messages" % (len(found), count))

    def code(self, transaction_id, seconds=10):
        """The code of a transaction; delivery is asynchronous, so look until it is there."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.messages(transaction_id)
            if found:
                return found[-1]["otp"]
            time.sleep(0.02)
        raise TimeoutError("no code for " + transaction_id)

    def verify(self, answer):
        """The response-signature against the published JWKS; returns the protected header."""
        head, middle, tail = answer.headers["response-signature"].split(".")
        assert middle == ""
        header = json.loads(unb64u(head))
        assert header["alg"] == "RS256"
        keys = {key["kid"]: key for key in self.get("/.well-known/jwks.json").json["keys"]}
        key = keys[header["kid"]]
        public = rsa.RSAPublicNumbers(int.from_bytes(unb64u(key["e"]), "big"),
                                      int.from_bytes(unb64u(key["n"]), "big")).public_key()
        public.verify(unb64u(tail), (head + "." + b64u(answer.body)).encode(), padding.PKCS1v15(),
                      hashes.SHA256())
        return header


class Programme:
    def __init__(self, kit, entry):
        self.kit, self.entry, self.id, self.api_key = kit, entry, entry["id"], entry["api_key"]
        self.licence_key = kit.document["misp_license_key"]
        p12 = (kit.folder / entry["p12"]).read_bytes()
        self.key, self.certificate, _ = pkcs12.load_key_and_certificates(p12, entry["p12_password"].encode())

    def other(self, **changes):
        """The same programme with another API key, licence, id…"""
        twin = Programme(self.kit, self.entry)
        for name, value in changes.items():
            setattr(twin, name, value)
        return twin

    def path(self, function):
        return "/idauthentication/v1/%s/%s/%s/%s" % (function, self.licence_key, self.id, self.api_key)

    def sign(self, body, header=None):
        if header is None:
            der = self.certificate.public_bytes(serialization.Encoding.DER)
            header = {"alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        head = b64u(json.dumps(header).encode())
        signature = self.key.sign((head + "." + b64u(body)).encode(), padding.PKCS1v15(), hashes.SHA256())
        return head + ".." + b64u(signature)

    def seal(self, document, inner, key=None, spoil=None):
        """request, requestHMAC, requestSessionKey and thumbprint for the plaintext ${inner}."""
        key = key or os.urandom(32)
        plain = inner if isinstance(inner, bytes) else json.dumps(inner).encode()
        digest = hashlib.sha256(plain).hexdigest().upper().encode()

        def gcm(data):
            iv = os.urandom(16)
            encryptor = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
            return encryptor.update(data) + encryptor.finalize() + encryptor.tag + iv

        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        wrapped = self.kit.encryption.public_key().encrypt(key, oaep)
        thumbprint = self.kit.encryption.fingerprint(hashes.SHA256())
        document["request"] = b64u(gcm(plain), pad=True)
        document["requestHMAC"] = b64u(gcm(digest if spoil != "hash" else digest.lower()), pad=True)
        document["requestSessionKey"] = b64u(wrapped, pad=True)
        document["thumbprint"] = b64u(thumbprint, pad=True)
        return document

    def common(self, request_id, person, transaction_id):
        return {"id": request_id, "version": "1.0", "individualId": person["individualId"],
                "individualIdType": person["individualIdType"], "transactionID": transaction_id,
                "requestTime": now()}

    def auth_document(self, person, transaction_id, inner):
        document = self.common("mosip.identity.auth", person, transaction_id)
        document.update({"specVersion": "1.0", "domainUri": self.kit.document["domain_uri"],
                         "env": self.kit.document["env"], "consentObtained": True,
                         "requestedAuth": {"demo": False, "pin": False, "otp": False, "bio": False},
                         "metadata": {}})
        plain = {"biometrics": [], "demographics": None, "otp": "", "timestamp": document["requestTime"]}
        plain.update(inner)
        return self.seal(document, plain)

    def kyc_document(self, person, transaction_id, inner):
        document = self.auth_document(person, transaction_id, inner)
        document["id"] = "mosip.identity.kyc"
        return document

    def open_kyc(self, response):
        """The attributes of an eKYC answer, decrypted with this programme's key."""
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        key = self.key.decrypt(unb64u(response["sessionKey"]), oaep)
        sealed = unb64u(response["identity"])
        text, tag, iv = sealed[:-32], sealed[-32:-16], sealed[-16:]
        decryptor = Cipher(algorithms.AES(key), modes.GCM(iv, tag)).decryptor()
        return json.loads(decryptor.update(text) + decryptor.finalize())

    def otp_document(self, person, transaction_id, channels=("phone",)):
        document = self.common("mosip.identity.otp", person, transaction_id)
        document.update({"otpChannel": list(channels), "metadata": {}})
        return document

    def send(self, function, document, headers=None, drop=()):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        sent = {"Authorization": "Authorization", "Content-Type": "application/json",
                "Signature": self.sign(body)}
        sent.update(headers or {})
        for name in drop:
            sent.pop(name)
        return self.kit.send("POST", self.path(function), body, sent)

    def ask(self, person, transaction_id=None, **more):
        return self.send("otp", self.otp_document(person, transaction_id or transaction(), **more))

    def authenticate(self, person, transaction_id, code):
        return self.send("auth", self.auth_document(person, transaction_id, {"otp": code}))

    def code_for(self, person):
        """Asks for a code and reads it: (transaction, code)."""
        transaction_id = transaction()
        answer = self.ask(person, transaction_id)
        assert answer.status == 200 and answer.json["errors"] is None, answer.body
        return transaction_id, self.kit.code(transaction_id)


def wrong(code):
    return "%06d" % ((int(code) + 1) % 1000000)
