"""The JOSE profile on a whole box: results that others' libraries verify, refusals that tell nothing, requests that
serve once, and retries that cost nothing."""

import json
import time
import unittest

from jwcrypto import jwk

from jose import JoseProgramme
from programme import b64u, transaction, unb64u, wrong
from rough_box import RoughBox


def setUpModule():
    global box, kit
    box = RoughBox(people=120, **RoughBox.UNLIMITED)
    kit = box.kit


def tearDownModule():
    box.close()


def programme(**wanted):
    return JoseProgramme(kit.programme(**wanted))


class Case(unittest.TestCase):
    def problem(self, answer, status, name, *headers):
        self.assertEqual((answer.status, answer.headers["content-type"]), (status, "application/problem+json"),
                         answer.body)
        self.assertEqual(sorted(answer.json), ["status", "title", "type"])
        self.assertEqual((answer.json["type"], answer.json["status"]), ("urn:idcs:problem:" + name, status))
        for header in headers:
            self.assertIn(header, answer.headers)

    def yes(self, asker, answer, txn, **wanted):
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/jwt"), answer.body)
        header, claims = asker.verify(answer.body.decode())
        self.assertEqual((header["alg"], header["typ"]), ("ES256", "idcs-result+jwt"))
        self.assertEqual({name: claims[name] for name in ("iss", "aud", "txn")},
                         {"iss": asker.issuer, "aud": asker.id, "txn": txn})
        self.assertEqual(claims["exp"] - claims["iat"], 300)
        self.assertLessEqual(abs(claims["auth_time"] - time.time()), 300)
        for name, value in wanted.items():
            self.assertEqual(claims[name], value)
        return claims


class Results(Case):
    def test_a_code_authenticates_and_others_libraries_verify_the_result(self):
        asker, person = programme(), kit.person()
        txn, code = asker.code_for(person)
        claims = self.yes(asker, asker.authenticate(person, txn, code), txn, amr=["otp"],
                          acr="idbb:acr:generated-code")
        self.assertNotIn(person["individualId"], json.dumps(claims))

    def test_what_is_declared_authenticates_with_its_own_acr(self):
        asker, person = programme(has=("otp", "demo")), kit.person()
        txn, demographics = transaction(), {"dob": person["demographics"]["dob"]}
        self.yes(asker, asker.authenticate(person, txn, demographics=demographics), txn, amr=["kba"],
                 acr="idcs:acr:declared")

    def test_two_kinds_of_factor_are_mfa(self):
        asker, person = programme(has=("otp", "otp-request", "demo")), kit.person()
        txn, code = asker.code_for(person)
        answer = asker.authenticate(person, txn, code, demographics={"dob": person["demographics"]["dob"]})
        claims = self.yes(asker, answer, txn, acr="idbb:acr:generated-code")
        self.assertEqual(sorted(claims["amr"]), ["kba", "mfa", "otp"])

    def test_both_profiles_know_a_person_by_the_same_token(self):
        mosip, person = kit.programme(token="partner"), kit.person()
        txn, code = mosip.code_for(person)
        token = mosip.authenticate(person, txn, code).response["authToken"]
        asker = JoseProgramme(mosip)
        txn, code = asker.code_for(person)
        self.yes(asker, asker.authenticate(person, txn, code), txn, sub=token)

    def test_two_programmes_know_a_person_by_two_names(self):
        person, subjects = kit.person(), []
        for token in ("partner", "policy"):
            asker = programme(token=token)
            txn, code = asker.code_for(person)
            subjects.append(self.yes(asker, asker.authenticate(person, txn, code), txn)["sub"])
        self.assertNotEqual(*subjects)

    def test_a_code_of_one_profile_serves_in_the_other(self):
        mosip, person = kit.programme(), kit.person()
        txn, code = JoseProgramme(mosip).code_for(person)
        self.assertIs(mosip.authenticate(person, txn, code).response["authStatus"], True)

    def test_a_code_serves_once(self):
        asker, person = programme(), kit.person()
        txn, code = asker.code_for(person)
        self.yes(asker, asker.authenticate(person, txn, code), txn)
        self.problem(asker.authenticate(person, txn, code), 403, "not-authenticated")

    def test_a_vid_is_a_name_of_the_same_person(self):
        asker, person = programme(), kit.person("perpetual VID")
        txn, code = asker.code_for(person)
        self.yes(asker, asker.authenticate(person, txn, code), txn)


class Attributes(Case):
    def ask(self, asker, person, names, **claims):
        txn, code = asker.code_for(person)
        answer = asker.attributes(person, txn, names, claims=claims, otp=code)
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/jwt"), answer.body)
        header, claims = asker.verify(asker.open(answer.body.decode()))
        self.assertEqual((header["typ"], claims["txn"]), ("idcs-attributes+jwt", txn))
        return claims["attributes"]

    def asker(self):
        for entry in kit.partners(status="active"):
            names = {a["attributeName"] for a in entry["allowed"]["allowedKycAttributes"]}
            if {"ageOver", "livesIn"} <= names:
                return JoseProgramme(kit.partner(entry["id"]))
        raise LookupError("no programme that may ask for properties")

    def test_only_what_was_asked_for_and_is_allowed(self):
        asker, person = self.asker(), kit.person()
        given = self.ask(asker, person, ["dob", "name", "no-such-attribute"])
        self.assertEqual(given["dob"], person["demographics"]["dob"])
        names = {entry["language"]: entry["value"] for entry in person["demographics"]["name"]}
        self.assertEqual({name[5:]: value for name, value in given.items() if name.startswith("name#")}, names)
        self.assertEqual({name.split("#")[0] for name in given}, {"dob", "name"})

    def test_properties_release_a_yes_or_no_only(self):
        asker, person = self.asker(), kit.person()
        born = int(person["demographics"]["dob"][:4])
        old, young = time.gmtime().tm_year - born - 1, time.gmtime().tm_year - born + 1
        given = self.ask(asker, person, ["age_over_%d" % old, "age_over_%d" % young])
        self.assertEqual(given, {"age_over_%d" % old: True, "age_over_%d" % young: False})

    def test_where_somebody_lives_is_a_yes_or_no_too(self):
        asker = self.asker()
        for right in (True, False):
            person = kit.person()
            value = person["demographics"]["location1"][0]["value"] if right else "Nowhere"
            given = self.ask(asker, person, ["lives_in"], lives_in={"location1": value})
            self.assertEqual(given, {"lives_in": right})

    def test_a_policy_without_ekyc_gives_nothing(self):
        asker, person = programme(lacks=("kyc",)), kit.person()
        txn, code = asker.code_for(person)
        self.problem(asker.attributes(person, txn, ["dob"], otp=code), 403, "not-permitted")

    def test_nobody_else_can_read_them(self):
        asker, person = self.asker(), kit.person()
        txn, code = asker.code_for(person)
        answer = asker.attributes(person, txn, ["dob"], otp=code)
        other = next(JoseProgramme(kit.partner(e["id"])) for e in kit.partners() if e["id"] != asker.id)
        with self.assertRaises(Exception):
            other.open(answer.body.decode())


class Uniform(Case):
    """What is asked about a person is refused with the same bytes, whatever the reason."""

    def refused(self, asker, person, code="000000", txn=None):
        return asker.authenticate(person, txn or transaction(), code)

    def test_every_reason_has_the_same_bytes(self):
        asker, answers = programme(has=("otp", "otp-request", "demo")), []
        nobody = {"individualId": "9" * 9 + "0", "individualIdType": "UIN"}
        person = kit.person()
        txn, code = asker.code_for(person)
        answers.append(self.refused(asker, person, wrong(code), txn))
        answers.append(self.refused(asker, kit.person()))  # nobody asked for a code
        answers.append(self.refused(asker, nobody))
        for note in ("deactivated", "revoked VID", "expired", "locked otp-phone", "hotlisted", "no phone", "infant"):
            answers.append(self.refused(asker, kit.person(note)))
        frozen = kit.person()
        for _ in range(8):
            answers.append(self.refused(asker, frozen))
        for answer in answers:
            self.problem(answer, 403, "not-authenticated")
        self.assertEqual(len({answer.body for answer in answers}), 1)
        headers = {tuple(sorted((k.lower(), v) for k, v in answer.headers.items() if k.lower() != "date"))
                   for answer in answers}
        self.assertEqual(len(headers), 1)

    def test_asking_for_a_code_tells_nothing(self):
        asker = programme()
        bodies = set()
        for person in [kit.person(note) for note in ("deactivated", "locked otp-phone", "no phone", "hotlisted")] + [
                kit.person(), {"individualId": "1234567890", "individualIdType": "UIN"}]:
            answer, txn = asker.ask(person)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (202, "application/json"))
            self.assertEqual(answer.json, {"txn": txn, "expires_in": 180})
            bodies.add(answer.body.replace(txn.encode(), b"*"))
        self.assertEqual(len(bodies), 1)

    def test_no_answer_about_a_person_leaves_before_its_time(self):
        asker, waits = programme(), []
        for person in (kit.person(), kit.person("deactivated"), {"individualId": "0", "individualIdType": "UIN"}):
            body = asker.request(person, transaction(), otp="123456")
            begun = time.monotonic()
            self.problem(asker.post("/v1/authentications", body), 403, "not-authenticated")
            waits.append(time.monotonic() - begun)
        self.assertGreaterEqual(min(waits), 0.05)

    def test_the_log_says_why(self):
        asker, person = programme(), kit.person("deactivated")
        before = len(box.log())
        self.problem(self.refused(asker, person), 403, "not-authenticated")
        self.assertRegex(box.log()[before:], "reason=[a-z-]*deactivated")
        self.assertNotIn(person["individualId"], box.log())


class Refusals(Case):
    def setUp(self):
        self.asker, self.person, self.txn = programme(), kit.person(), transaction()

    def post(self, body, **more):
        return self.asker.post("/v1/authentications", body, **more)

    def bent(self, plain=None, **claims):
        """A body whose plaintext or claims are bent; None leaves a claim out."""
        inner = self.asker.plain(self.person, self.txn, otp="123456")
        inner.update(plain or {})
        return self.asker.sign(self.asker.claims(inner, **{"consent": True, **claims}))

    def test_what_breaks_a_rule_is_malformed(self):
        for name, value in (("iss", ""), ("iss", 7), ("txn", "short"), ("txn", "x" * 16), ("txn", "with space"),
                            ("iat", "now"), ("iat", 1.5), ("api_key", ""), ("binding", "AAAA"), ("sealed", "a.b.c"),
                            ("sealed", 1), ("consent", False), ("consent", "true"), ("aud", None), ("iat", None),
                            ("sealed", None), ("binding", None), ("api_key", None), ("txn", None), ("iss", None)):
            with self.subTest(name=name, value=value):
                self.problem(self.post(self.bent(**{name: value})), 400, "malformed")

    def test_headers_of_the_signature_are_strict(self):
        for header in ({"alg": "none"}, {"alg": "RS256"}, {"alg": "HS256"}, {"typ": "JWT"}, {"crit": ["exp"]},
                       {"crit": []}, {"b64": False}, {"zip": "DEF"}, {"kid": "AAAA"}, {"kid": None}):
            with self.subTest(header=header):
                claims = self.asker.claims(self.asker.plain(self.person, self.txn, otp="123456"), consent=True)
                token = self.asker.sign(claims).split(".")
                protected = {"alg": "ES256", "kid": self.asker.signature.thumbprint(), "typ": "idcs-request+jws",
                             **header}
                token[0] = b64u(json.dumps({k: v for k, v in protected.items() if v is not None}).encode())
                self.problem(self.post(".".join(token)), 400, "malformed")

    def test_headers_of_the_sealed_block_are_strict(self):
        plain = self.asker.plain(self.person, self.txn, otp="123456")
        whole = self.asker.seal(plain).split(".")
        header = json.loads(unb64u(whole[0]))
        for change in ({"alg": "dir"}, {"alg": "ECDH-ES+A256KW"}, {"enc": "A128GCM"}, {"zip": "DEF"}, {"crit": ["x"]},
                       {"epk": None}, {"kid": None}, {"epk": {**header["epk"], "crv": "P-384"}},
                       {"epk": {**header["epk"], "x": header["epk"]["x"][:-2]}}):
            with self.subTest(change=change):
                bent = {k: v for k, v in {**header, **change}.items() if v is not None}
                sealed = ".".join([b64u(json.dumps(bent).encode()), *whole[1:]])
                self.problem(self.post(self.asker.sign(self.asker.claims(plain, consent=True, sealed=sealed))), 400,
                             "malformed")

    def test_a_point_off_the_curve_opens_nothing(self):
        plain = self.asker.plain(self.person, self.txn, otp="123456")
        whole = self.asker.seal(plain).split(".")
        header = json.loads(unb64u(whole[0]))
        header["epk"]["y"] = b64u(bytes(31) + b"\1")
        sealed = ".".join([b64u(json.dumps(header).encode()), *whole[1:]])
        self.problem(self.post(self.asker.sign(self.asker.claims(plain, consent=True, sealed=sealed))), 400,
                     "not-sealed-for-us")

    def test_a_request_out_of_time(self):
        for offset in (-3600, 3600):
            at = int(time.time()) + offset
            self.problem(self.post(self.bent(iat=at)), 400, "out-of-time")
            self.problem(self.post(self.bent(plain={"iat": at})), 400, "out-of-time")

    def test_a_block_sealed_for_something_else(self):
        other = kit.person()
        for change in ({"aud": "https://elsewhere"}, {"iss": "somebody"}, {"txn": "another-txn"},
                       {"individualId": other["individualId"]}):
            with self.subTest(change=change):
                plain = self.asker.plain(self.person, self.txn, otp="123456")
                claims = self.asker.claims(plain, consent=True, txn=self.txn)
                claims["sealed"] = self.asker.seal({**plain, **change})
                self.problem(self.post(self.asker.sign(claims)), 400, "not-sealed-for-us")

    def test_a_block_for_another_key_does_not_open(self):
        plain = self.asker.plain(self.person, self.txn, otp="123456")
        stranger = jwk.JWK.generate(kty="EC", crv="P-256")
        ours = self.asker.request_key().thumbprint()
        for header in ({}, {"kid": ours}):
            sealed = self.asker.seal(plain, key=stranger, header=header)
            self.problem(self.post(self.asker.sign(self.asker.claims(plain, consent=True, sealed=sealed))), 400,
                         "not-sealed-for-us")

    def test_what_does_not_fit_together_is_not_recognised(self):
        another = next(JoseProgramme(kit.partner(e["id"])) for e in kit.partners(status="active")
                       if e["id"] != self.asker.id)
        plain = self.asker.plain(self.person, self.txn, otp="123456")
        claims = self.asker.claims(plain, consent=True)
        bodies = {"another's signature": self.asker.sign(claims, key=another.signature),
                  "another's key under our kid": self.asker.sign(claims, key=another.signature,
                                                                 kid=self.asker.signature.thumbprint()),
                  "another's name": self.asker.sign({**claims, "iss": another.id}),
                  "no such programme": self.asker.sign({**claims, "iss": "nobody"}),
                  "wrong audience": self.asker.sign({**claims, "aud": "https://elsewhere"}),
                  "no such API key": self.asker.sign({**claims, "api_key": "nothing"})}
        answers = []
        for name, body in bodies.items():
            with self.subTest(name):
                answers.append(self.post(body))
                self.problem(answers[-1], 401, "not-recognised")
        self.problem(another.post("/v1/authentications", self.asker.sign(claims)), 401, "not-recognised")
        self.assertEqual(len({answer.body for answer in answers}), 1)

    def test_a_changed_byte_anywhere_is_refused(self):
        body = self.bent()
        for at in range(3, len(body), len(body) // 40):
            bent = body[:at] + ("A" if body[at] != "A" else "B") + body[at + 1:]
            answer = self.post(bent)
            self.assertIn(answer.status, (400, 401), (at, answer.body))

    def test_bare_claims_only_where_the_policy_says_so(self):
        claims = self.asker.claims(self.asker.plain(self.person, self.txn, otp="123456"), consent=True)
        self.problem(self.post(json.dumps(claims), media="application/json"), 401, "not-recognised")
        self.problem(self.post(json.dumps(claims), media="application/jose"), 400, "malformed")
        self.problem(self.post(self.asker.sign(claims), media="text/plain"), 415, "media-type")

    def test_a_factor_the_policy_does_not_allow(self):
        asker, person = programme(lacks=("demo",)), kit.person()
        answer = asker.authenticate(person, transaction(), demographics={"dob": "1980/01/01"})
        self.problem(answer, 403, "not-permitted")

    def test_a_suspended_programme_is_not_recognised(self):
        entry = next(e for e in kit.partners() if e["status"].lower() == "suspended")
        answer = JoseProgramme(kit.partner(entry["id"])).authenticate(self.person, self.txn, "123456")
        self.problem(answer, 401, "not-recognised")


class Once(Case):
    def setUp(self):
        self.asker, self.person = programme(), kit.person()
        self.txn, self.code = self.asker.code_for(self.person)

    def test_a_body_that_comes_twice_is_a_replay(self):
        body = self.asker.request(self.person, self.txn, otp=self.code)
        self.yes(self.asker, self.asker.post("/v1/authentications", body), self.txn)
        self.problem(self.asker.post("/v1/authentications", body), 409, "replayed")

    def test_a_captured_block_in_a_new_request_is_a_replay(self):
        plain = self.asker.plain(self.person, self.txn, otp=wrong(self.code))
        claims = self.asker.claims(plain, consent=True)
        self.problem(self.asker.post("/v1/authentications", self.asker.sign(claims)), 403, "not-authenticated")
        claims["iat"] += 1
        self.problem(self.asker.post("/v1/authentications", self.asker.sign(claims)), 409, "replayed")

    def test_a_retry_with_its_key_gets_the_same_answer(self):
        body = self.asker.request(self.person, self.txn, otp=self.code)
        key = {"Idempotency-Key": b64u(self.txn.encode() * 2)}
        first = self.yes(self.asker, self.asker.post("/v1/authentications", body, headers=key), self.txn)
        for _ in range(3):
            again = self.yes(self.asker, self.asker.post("/v1/authentications", body, headers=key), self.txn)
            self.assertEqual(again, first)

    def test_a_retried_failure_costs_one_attempt(self):
        body = self.asker.request(self.person, self.txn, otp=wrong(self.code))
        key = {"Idempotency-Key": b64u(self.txn.encode() * 2)}
        for _ in range(12):
            self.problem(self.asker.post("/v1/authentications", body, headers=key), 403, "not-authenticated")
        self.yes(self.asker, self.asker.authenticate(self.person, self.txn, self.code), self.txn)

    def test_a_key_is_for_one_body(self):
        key = {"Idempotency-Key": b64u(self.txn.encode() * 2)}
        body = self.asker.request(self.person, self.txn, otp=self.code)
        self.yes(self.asker, self.asker.post("/v1/authentications", body, headers=key), self.txn)
        self.problem(self.asker.authenticate(self.person, self.txn, self.code, headers=key), 422, "key-reused")

    def test_a_retried_code_request_sends_one_message(self):
        txn, key = transaction(), {"Idempotency-Key": b64u(self.txn.encode() * 2)}
        body = self.asker.sign(self.asker.claims(self.asker.plain(self.person, txn), channels=["phone"]))
        for _ in range(3):
            answer = self.asker.post("/v1/otp", body, headers=key)
            self.assertEqual((answer.status, answer.json), (202, {"txn": txn, "expires_in": 180}))
        code = kit.code(txn)
        self.yes(self.asker, self.asker.authenticate(self.person, txn, code), txn)
        self.assertEqual(len(kit.messages(txn)), 1)

    def test_a_retry_after_a_crash_gets_the_same_answer(self):
        body = self.asker.request(self.person, self.txn, otp=self.code)
        key = {"Idempotency-Key": b64u(self.txn.encode() * 2)}
        first = self.yes(self.asker, self.asker.post("/v1/authentications", body, headers=key), self.txn)
        dead = box.kill_one("authd-core")
        box.await_successor("authd-core", 1, dead)
        box.await_ready(60)
        again = self.yes(self.asker, self.asker.post("/v1/authentications", body, headers=key), self.txn)
        self.assertEqual(again, first)


class Discovery(Case):
    def test_the_configuration_says_what_the_box_does(self):
        asker = programme()
        answer = kit.get("/.well-known/idcs-configuration")
        self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "application/json"))
        document = answer.json
        self.assertEqual(document["issuer"], asker.issuer)
        self.assertEqual(document["jwks_uri"], kit.document["base_url"] + "/.well-known/jwks.json")
        self.assertEqual(document["authentication_endpoint"], asker.issuer + "/v1/authentications")
        self.assertEqual(document["request_encryption_kid"], asker.request_key().thumbprint())
        self.assertEqual((document["result_lifetime"], document["otp_lifetime"], document["idempotency_lifetime"]),
                         (300, 180, 600))

    def test_each_key_has_one_use(self):
        keys = kit.get("/.well-known/jwks.json").json["keys"]
        for key in keys:
            self.assertIn((key["kty"], key["use"], key["alg"]),
                          {("RSA", "sig", "RS256"), ("EC", "sig", "ES256"), ("EC", "enc", "ECDH-ES")})
            if key["kty"] == "EC":
                self.assertEqual(key["kid"], jwk.JWK(**key).thumbprint())


if __name__ == "__main__":
    unittest.main()
