"""Every refusal that an OTP request or authentication can reach, with its codes, layer and shape. Each row bends one
thing of a request that is otherwise right."""

import json
import os
import unittest

from box import Box
from programme import b64u, now, transaction, unb64u


def setUpModule():
    global box, kit
    box = Box(people=100)
    kit = box.kit


def tearDownModule():
    box.close()


class Refusals(unittest.TestCase):
    def setUp(self):
        self.programme = kit.programme()
        self.person = kit.person()

    def document(self, inner=None, person=None):
        return self.programme.auth_document(person or self.person, transaction(), inner or {"otp": "123456"})

    def auth(self, document, *codes, **more):
        answer = self.programme.send("auth", document, **more)
        self.assertEqual(answer.status, 200)
        kit.verify(answer)
        self.assertEqual(answer.codes, list(codes), answer.body)
        self.assertEqual(answer.response, {"authStatus": False, "authToken": None})
        return answer

    def bent(self, **changes):
        document = self.document()
        for name, value in changes.items():
            if value is KeyError:
                del document[name]
            else:
                document[name] = value
        return document

    def test_the_filter_layer_puts_mlc_007_in_front(self):
        rows = [
            (dict(id=KeyError), "IDA-MLC-006"), (dict(id=""), "IDA-MLC-006"), (dict(id="mosip.identity.kyc"), "IDA-MLC-009"),
            (dict(version=KeyError), "IDA-MLC-006"), (dict(version="1"), "IDA-MLC-009"),
            (dict(version="v1.0"), "IDA-MLC-009"),
            (dict(requestHMAC=KeyError), "IDA-MLC-006"), (dict(requestSessionKey=KeyError), "IDA-MLC-006"),
            (dict(request=KeyError), "IDA-MLC-006"),
            (dict(requestSessionKey=b64u(os.urandom(256))), "IDA-MPA-003"),
            (dict(requestSessionKey="not base64!"), "IDA-MPA-003"),
            (dict(requestSessionKey=b64u(os.urandom(255))), "IDA-MPA-003"),
            (dict(request=b64u(os.urandom(80))), "IDA-MPA-003"),
            (dict(requestHMAC=b64u(os.urandom(96))), "IDA-MPA-003"),
            (dict(thumbprint=b64u(os.urandom(32))), "IDA-MPA-003"),
        ]
        for changes, code in rows:
            with self.subTest(changes):
                self.auth(self.bent(**changes), "IDA-MLC-007", code)

    def test_the_hash_of_the_plaintext_must_match_in_upper_case(self):
        document = self.document()
        self.programme.seal(document, {"otp": "123456", "timestamp": now()}, spoil="hash")
        self.auth(document, "IDA-MLC-007", "IDA-MPA-016")

    def test_headers(self):
        self.auth(self.document(), "IDA-MLC-007", "IDA-MLC-006", drop=("Signature",))
        self.auth(self.document(), "IDA-MLC-007", "IDA-MLC-006", drop=("Authorization",))
        body = json.dumps(self.document()).encode()
        signature = self.programme.sign(body)
        head, _, tail = signature.split(".")
        raw = bytearray(unb64u(tail))
        raw[-1] ^= 1
        for value, code in [
            ("garbage", "IDA-MPA-001"), (head + ".." + b64u(bytes(raw)), "IDA-MPA-001"),
            (self.programme.sign(body, {"alg": "RS256"}), "IDA-MPA-022"),
            (self.programme.sign(body, {"alg": "none", "x5c": json.loads(unb64u(head))["x5c"]}), "IDA-MPA-001"),
            (self.programme.sign(body, {"alg": "RS256", "crit": ["exp"], "x5c": json.loads(unb64u(head))["x5c"]}),
             "IDA-MPA-001"),
            (self.programme.sign(body + b" "), "IDA-MPA-001"),
        ]:
            with self.subTest(value[:40]):
                self.auth(body, "IDA-MLC-007", code, headers={"Signature": value})

    def test_a_stranger_and_another_programme_cannot_sign_for_this_one(self):
        import datetime
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import NameOID
        stranger = self.programme.other()
        stranger.key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
        start = datetime.datetime.utcnow()
        stranger.certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                                .public_key(stranger.key.public_key()).serial_number(1).not_valid_before(start)
                                .not_valid_after(start + datetime.timedelta(days=1)).sign(stranger.key, hashes.SHA256()))
        other = next(p for p in (kit.partner(e["id"]) for e in kit.partners()) if p.id != self.programme.id)
        colleague = self.programme.other(key=other.key, certificate=other.certificate)
        for signer, code in [(stranger, "IDA-MPA-001"), (colleague, "IDA-MPA-021")]:
            with self.subTest(code):
                answer = signer.send("auth", self.document())
                self.assertEqual(answer.codes, ["IDA-MLC-007", code])

    def test_partner_api_key_and_licence(self):
        suspended = next(kit.partner(p["id"]) for p in kit.partners() if p["status"].upper() != "ACTIVE")
        rows = [
            (self.programme.other(api_key="0" * 10), "IDA-MPA-009"),
            (self.programme.other(licence_key="nobody"), "IDA-MPA-007"),
            (suspended, "IDA-MPA-012"),
        ]
        for programme, code in rows:
            with self.subTest(code):
                answer = programme.send("auth", programme.auth_document(self.person, transaction(), {"otp": "123456"}))
                self.assertEqual(answer.codes, ["IDA-MLC-007", code])
                kit.verify(answer)

    def test_an_expired_api_key(self):
        codes = set()
        for entry in kit.partners():
            programme = kit.partner(entry["id"])
            answer = programme.send("otp", programme.otp_document(self.person, transaction()))
            codes.update(answer.codes)
        self.assertIn("IDA-MPA-039", codes)

    def test_policies_without_otp_and_with_a_mandatory_factor(self):
        without = kit.programme(has=("otp-request",), lacks=("otp",))
        answer = without.authenticate(self.person, transaction(), "123456")
        self.assertEqual(answer.codes, ["IDA-MLC-007", "IDA-MPA-006"])
        found = False
        for entry in kit.partners():
            mandatory = [a["authType"] for a in entry["allowed"]["allowedAuthTypes"] if a.get("mandatory")]
            if mandatory and mandatory != ["otp"]:
                found = True
                answer = kit.partner(entry["id"]).authenticate(self.person, transaction(), "123456")
                self.assertEqual(answer.codes, ["IDA-MLC-007", "IDA-MPA-015"])
        self.assertTrue(found)

    def test_the_controller_layer_has_the_code_alone(self):
        rows = [
            (dict(consentObtained=False), "IDA-MLC-012"), (dict(consentObtained=KeyError), "IDA-MLC-012"),
            (dict(consentObtained="true"), "IDA-MLC-012"),
            (dict(requestTime=KeyError), "IDA-MLC-006"), (dict(requestTime="yesterday"), "IDA-MLC-009"),
            (dict(requestTime=now(-3600)), "IDA-MLC-001"), (dict(requestTime=now(3600)), "IDA-MLC-001"),
            (dict(domainUri="https://elsewhere.example"), "IDA-MLC-009"), (dict(env="Moon"), "IDA-MLC-009"),
            (dict(transactionID=KeyError), "IDA-MLC-006"), (dict(transactionID=" "), "IDA-MLC-006"),
            (dict(transactionID="12345"), "IDA-MLC-009"), (dict(transactionID="12345678-0"), "IDA-MLC-009"),
            (dict(individualId=KeyError), "IDA-MLC-006"), (dict(individualId=" "), "IDA-MLC-006"),
            (dict(individualIdType=""), "IDA-MLC-006"), (dict(individualIdType="PASSPORT"), "IDA-MLC-009"),
            (dict(individualIdType="HANDLE"), "IDA-MLC-015"),
            (dict(individualId="5938714606"), "IDA-MLC-002"), (dict(individualId="593871460"), "IDA-MLC-002"),
            (dict(individualId="4926371850146398", individualIdType="VID"), "IDA-MLC-004"),
            (dict(individualId="5938714605"), "IDA-MLC-018"),
            (dict(individualId="4926371850146397", individualIdType="VID"), "IDA-MLC-018"),
        ]
        for changes, code in rows:
            with self.subTest(changes):
                self.auth(self.bent(**changes), code)

    def test_null_domain_and_environment_are_accepted(self):
        self.auth(self.bent(domainUri=None, env=None), "IDA-OTA-005")

    def test_the_inner_timestamp_is_checked_too(self):
        for stamp, code in [(now(-3600), "IDA-MLC-001"), ("", "IDA-MLC-006"), ("soon", "IDA-MLC-009")]:
            self.auth(self.document({"otp": "123456", "timestamp": stamp}), code)

    def test_factors(self):
        for inner, code in [({"otp": ""}, "IDA-MLC-008"), ({"otp": None}, "IDA-MLC-008"),
                            ({"otp": "12345"}, "IDA-MLC-009"), ({"otp": "12345a"}, "IDA-MLC-009"),
                            ({"otp": "123456"}, "IDA-OTA-005")]:
            with self.subTest(inner):
                self.auth(self.document(inner), code)

    def test_people_who_cannot(self):
        for note, code in [("deactivated", "IDA-MLC-018"), ("revoked VID", "IDA-MLC-018"),
                           ("hotlisted", "IDA-MLC-022"), ("infant", "IDA-MLC-011"),
                           ("locked otp-phone", "IDA-MLC-019")]:
            with self.subTest(note):
                self.auth(self.document(person=kit.person(note)), code)
        expired = kit.person("expired")
        self.auth(self.document(person=expired),
                  "IDA-MLC-023" if expired["individualIdType"] == "VID" else "IDA-MLC-022")

    def test_an_unknown_person_cannot_be_asked_a_code_either(self):
        for note, code in [("deactivated", "IDA-MLC-018"), ("revoked VID", "IDA-MLC-018"),
                           ("hotlisted", "IDA-MLC-022")]:
            self.assertEqual(self.programme.ask(kit.person(note)).codes, [code])

    def test_bodies_that_are_not_the_grammar(self):
        good = json.dumps(self.document()).encode()
        bad = [b"", b"[]", b"null", b"{", good[:-1], good + b"x", good.replace(b'"env"', b'"id": "x", "env"', 1),
               b'{"a":' * 40 + b"1" + b"}" * 40, good.replace(b"mosip", b"\xff\xfe", 1), b"\xef\xbb\xbf" + good]
        for body in bad:
            with self.subTest(body[:30]):
                self.auth(body, "IDA-MLC-007")

    def test_requests_that_reach_no_function(self):
        for method, path, status in [("GET", "/", 404), ("POST", "/idauthentication/v1/nothing/a/b/c", 404),
                                     ("GET", "/idauthentication/v1/auth/a/b/c", 405), ("PUT", "/health/alive", 405)]:
            self.assertEqual(kit.send(method, path, headers={"Content-Type": "application/json"}).status, status)
        answer = kit.send("POST", "/idauthentication/v1/auth/only-one", json.dumps(self.document()).encode(),
                          {"Content-Type": "application/json", "Authorization": "x", "Signature": "x"})
        self.assertEqual(answer.codes, ["IDA-MLC-007", "IDA-MPA-038"])


class Public(unittest.TestCase):
    def test_health_keys_and_certificates(self):
        for path in ["/health/alive", "/health/ready"]:
            self.assertEqual(kit.get(path).status, 200)
        self.assertEqual(kit.get("/health/state").json["state"], "operational")
        for key in kit.get("/.well-known/jwks.json").json["keys"]:
            self.assertFalse({"d", "p", "q", "k"} & set(key))
        for path in ["/mosip-certs/ida-partner.cer", "/mosip-certs/ida-fir.cer"]:
            self.assertTrue(kit.get(path).body.startswith(b"-----BEGIN CERTIFICATE-----"))


if __name__ == "__main__":
    unittest.main()
