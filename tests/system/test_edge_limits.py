"""How many connections there may be, in all and from one client."""

import ssl
import time

from edge_rig import WAIT, EdgeCase, run_tests


class Limits(EdgeCase):
    settings = {"connections": 12, "connections_a_client": 8, "requests_a_connection": 3}
    most = 8

    def take_all(self):
        """As many connections as edge takes."""
        clients = []
        try:
            while len(clients) <= self.most:
                client = self.edge.connect()
                if client.get("/health/alive") is None:
                    client.socket.close()
                    break
                clients.append(client)
        except (ssl.SSLError, ConnectionError):
            pass
        return clients

    def take_most(self):
        """The number allowed, never more. Edge notices in its own time that the ones before are gone."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            clients = self.take_all()
            self.assertLessEqual(len(clients), self.most)
            if len(clients) == self.most:
                return clients
            self.close(clients)
        return self.fail("closed connections are still counted")

    def close(self, clients):
        for client in clients:
            client.socket.close()

    def test_no_more_than_the_limit_and_all_of_it_again(self):
        for _ in range(3):
            self.close(self.take_most())

    def test_a_connection_ends_after_its_number_of_requests(self):
        clients = self.take_most()  # with one request each
        for client in clients:
            answers = [client.get("/health/alive") for _ in range(2)]
            self.assertEqual([answer.headers.get("connection") for answer in answers], [None, "close"])
            self.assertTrue(client.is_closed())
        self.close(clients)


class LimitsOfTwoLanes(Limits):
    """Both lanes together."""

    settings = {"connections": 8, "connections_a_client": 12, "requests_a_connection": 3, "lanes": 2}


if __name__ == "__main__":
    run_tests()
