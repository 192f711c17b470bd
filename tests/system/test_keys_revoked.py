"""A key that is revoked at once, whose successor has to wait until every copy of the JWKS knows it: nothing shows the
revoked one any more, nobody is let in meanwhile, the box says so, and comes back by itself."""

import re
import unittest

from rough_box import RoughBox, await_


def setUpModule():
    global box, kit, person
    box = RoughBox(people=40, hsm__key_day=1, hsm__published_max_age=4, hsm__key_propagation=3, hsm__key_skew=1,
                   **RoughBox.UNLIMITED)
    kit, person = box.kit, box.kit.person()


def tearDownModule():
    box.close()


class RevokedAtOnce(unittest.TestCase):
    def keys(self, state, purpose):
        return re.findall(r"^%s/(\d+) +%s" % (purpose, state), box.officer("key", "list").stdout, re.M)

    def kids(self):
        return {key["kid"] for key in kit.get("/.well-known/jwks.json").json["keys"]}

    def revoke_active(self, purpose):
        """There is no standby: its successor is made now, and young."""
        active, = self.keys("active", purpose)
        done = box.officer("key", "revoke", "%s/%s" % (purpose, active), "at-once=yes")
        self.assertEqual(done.returncode, 0, done.stderr)

    def signed_by(self):
        """The kid of a code's answer."""
        return kit.verify(kit.programme().ask(person))["kid"]

    def test_a_key_that_signs_is_shown_no_more_while_nobody_can_be_served(self):
        kid = self.signed_by()
        self.assertIn(kid, self.kids())
        self.revoke_active("IDA/SIGN")
        await_(lambda: box.health("ready")[0] == 503)
        await_(lambda: kid not in self.kids())
        self.assertIn("keys-are-missing serving=no", box.log())
        await_(lambda: box.health("ready")[0] == 200)
        self.assertNotEqual(self.signed_by(), kid)

    def test_a_certificate_to_encrypt_to_is_shown_no_more(self):
        path = "/mosip-certs/ida-partner.cer"
        revoked = kit.get(path).body
        self.assertIn(b"CERTIFICATE", revoked)
        self.revoke_active("IDA/PARTNER")
        await_(lambda: kit.get(path).body != revoked)
        self.assertEqual((kit.get(path).status, kit.get(path).body), (503, b""))
        self.assertNotEqual(await_(lambda: kit.get(path).body), revoked)


if __name__ == "__main__":
    unittest.main()
