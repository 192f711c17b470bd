"""A programme's client for the JOSE profile (docs/protocol.md): jwcrypto and Python's ssl, nothing of ours. Everything
about a request can be bent before it is sent."""

import copy
import hashlib
import http.client
import json
import os
import ssl
import subprocess
import time

from jwcrypto import jwe, jwk, jws

from programme import Answer, b64u, transaction

VERIFY_WITH_NODE = """
const jose = require("jose");
const {jwks, jwt, issuer, audience} = JSON.parse(require("fs").readFileSync(0, "utf8"));
jose.jwtVerify(jwt, jose.createLocalJWKSet(jwks), {issuer, audience, algorithms: ["ES256"]})
    .then(({payload}) => console.log(JSON.stringify(payload)))
    .catch(error => { console.error(error.code, error.message); process.exit(1); });
"""


def text(document):
    return json.dumps(document, separators=(",", ":"))


class JoseProgramme:
    """A programme of the kit, as it speaks at the JOSE address."""

    def __init__(self, programme):
        self.kit, self.id, self.api_key = programme.kit, programme.id, programme.api_key
        entry = programme.entry["jose"]
        self.issuer = self.kit.document["issuer"]
        host = self.kit.document["jose_base_url"].split("//")[1]
        self.host, self.port = host.rsplit(":", 1)
        self.tls = ssl.create_default_context(cafile=str(self.kit.path("ca_certificate")))
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.tls.load_cert_chain(self.kit.folder / entry["tls_certificate"], self.kit.folder / entry["tls_key"])
        self.signature = jwk.JWK.from_pem((self.kit.folder / entry["signature_key"]).read_bytes())
        self.encryption = jwk.JWK.from_pem((self.kit.folder / entry["encryption_key"]).read_bytes())
        self.keys = self.request_kid = None
        self.connection = None

    def other(self, **changes):
        twin = copy.copy(self)
        twin.connection = None
        for name, value in changes.items():
            setattr(twin, name, value)
        return twin

    def jwks(self):
        if self.keys is None:
            self.keys = self.kit.get("/.well-known/jwks.json").json
        return self.keys

    def request_key(self):
        if self.request_kid is None:
            self.request_kid = self.kit.get("/.well-known/idcs-configuration").json["request_encryption_kid"]
        return jwk.JWK(**next(key for key in self.jwks()["keys"] if key["kid"] == self.request_kid))

    def post(self, path, body, media="application/jose", headers=None, fresh=True):
        """Without ${fresh} the connection is kept."""
        if fresh or self.connection is None:
            self.connection = http.client.HTTPSConnection(self.host, int(self.port), context=self.tls, timeout=60)
        self.connection.request("POST", path, body=body, headers={"Content-Type": media, **(headers or {})})
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if fresh:
            self.connection.close()
        return answer

    def plain(self, person, txn, **members):
        document = {"aud": self.issuer, "iss": self.id, "txn": txn, "iat": int(time.time()),
                    "nonce": b64u(os.urandom(18)), "device": "counter-7", "individualId": person["individualId"],
                    "individualIdType": person["individualIdType"], **members}
        return {name: value for name, value in document.items() if value is not None}

    @staticmethod
    def binding(plain):
        return b64u(hashlib.sha256(".".join((plain["nonce"], plain["individualIdType"],
                                             plain["individualId"])).encode()).digest())

    def seal(self, plain, key=None, header=None):
        key = key or self.request_key()
        protected = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key.thumbprint(), **(header or {})}
        token = jwe.JWE(text(plain) if isinstance(plain, dict) else plain, protected=text(protected),
                        algs=["ECDH-ES", "A256GCM"])
        token.add_recipient(key)
        return token.serialize(compact=True)

    def claims(self, plain, **more):
        """The claims for what ${plain} says; None leaves one out."""
        document = {"iss": self.id, "aud": self.issuer, "iat": int(time.time()), "txn": plain.get("txn", ""),
                    "api_key": self.api_key, "binding": self.binding(plain), "sealed": self.seal(plain), **more}
        return {name: value for name, value in document.items() if value is not None}

    def sign(self, claims, key=None, **header):
        key = key or self.signature
        protected = {"alg": "ES256", "kid": key.thumbprint(), "typ": "idcs-request+jws", **header}
        token = jws.JWS(text(claims) if isinstance(claims, dict) else claims)
        token.allowed_algs = ["ES256"]
        token.add_signature(key, protected=text(protected))
        return token.serialize(compact=True)

    def ask(self, person, txn=None, **claims):
        """Asks for a code; (answer, transaction)."""
        txn = txn or transaction()
        plain = self.plain(person, txn)
        return self.post("/v1/otp", self.sign(self.claims(plain, **{"channels": ["phone"], **claims}))), txn

    def code_for(self, person):
        answer, txn = self.ask(person)
        assert answer.status == 202, (answer.status, answer.body)
        return txn, self.kit.code(txn)

    def request(self, person, txn, claims=None, **members):
        """The signed body of an authentication with the factors in ${members}."""
        return self.sign(self.claims(self.plain(person, txn, **members), consent=True, **(claims or {})))

    def authenticate(self, person, txn, otp=None, headers=None, **members):
        return self.post("/v1/authentications", self.request(person, txn, otp=otp, **members), headers=headers)

    def attributes(self, person, txn, names, headers=None, claims=None, **members):
        body = self.request(person, txn, {"attributes": names, **(claims or {})}, **members)
        return self.post("/v1/attributes", body, headers=headers)

    def verify(self, jwt):
        """By jwcrypto and by node's jose, from the JWKS alone; they must agree."""
        token = jws.JWS()
        token.allowed_algs = ["ES256"]
        token.deserialize(jwt)
        key = next(key for key in self.jwks()["keys"] if key["kid"] == token.jose_header["kid"])
        token.verify(jwk.JWK(**key))
        question = {"jwks": self.jwks(), "jwt": jwt, "issuer": self.issuer, "audience": self.id}
        done = subprocess.run(["node", "-e", VERIFY_WITH_NODE], input=text(question), text=True, capture_output=True,
                              env={**os.environ, "NODE_PATH": "/usr/share/nodejs"}, timeout=60)
        assert done.returncode == 0, done.stderr
        claims = json.loads(token.payload)
        assert claims == json.loads(done.stdout)
        return token.jose_header, claims

    def open(self, compact):
        """The JWT in a nested answer of /v1/attributes."""
        token = jwe.JWE(algs=["ECDH-ES", "A256GCM"])
        token.deserialize(compact, key=self.encryption)
        assert json.loads(token.objects["protected"])["cty"] == "JWT"
        return token.payload.decode()
