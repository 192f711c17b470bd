"""A whole box whose codes go by short message through Kannel: asked for, received at the SMSC, presented."""

import sys
import unittest

from kannel_box import ARGUMENTS, KannelBox
from kannel_rig import Gateway, wait_until
from programme import transaction


class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway()
        cls.box = KannelBox(cls.gateway, people=40)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()
        cls.gateway.close()

    def code_for(self, programme, person):
        txn = transaction()
        before = len(self.box.short_codes(person))
        self.assertEqual(programme.ask(person, txn).codes, [])
        wait_until(lambda: len(self.box.short_codes(person)) > before, "no message\n" + self.box.log()[-2000:])
        return txn, self.box.short_codes(person)[-1]

    def test_a_code_by_short_message_authenticates(self):
        person, programme = self.box.kit.person(), self.box.kit.programme()
        txn, code = self.code_for(programme, person)
        answer = programme.authenticate(person, txn, code)
        self.assertIs(answer.response["authStatus"], True)
        wait_until(lambda: "kind=delivered" in self.box.log(), "no delivery report")

    def test_a_code_that_no_gateway_took_is_void_and_can_be_asked_for_again(self):
        person, programme = self.box.kit.person(), self.box.kit.programme()
        self.gateway.kill()
        try:
            self.assertEqual(programme.ask(person).codes, [])  # the programme learns nothing of gateways
            wait_until(lambda: "code-not-delivered" in self.box.log(), "core does not know")
        finally:
            self.gateway.start()
        wait_until(lambda: self.reaches(programme, person), "no message after the gateway is back")

    def reaches(self, programme, person):
        """Asks once more, within what core allows; the gateway may still rest."""
        wait_until(lambda: "gateway-answers-again" in self.box.log() or "gateway-rests" not in self.box.log(),
                   "the gateway is not taken again")
        txn, code = self.code_for(programme, person)
        return programme.authenticate(person, txn, code).response["authStatus"]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + ARGUMENTS)
