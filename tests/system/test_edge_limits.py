"""How many connections there may be, in all and from one client."""

import pathlib
import socket
import ssl
import time

from edge_rig import WAIT, Client, EdgeCase, run_tests


class Taking:
    """Takes as many connections as there are."""

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


class Limits(Taking, EdgeCase):
    settings = {"connections": 12, "connections_a_client": 8, "requests_a_connection": 3}

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


class Crowd(EdgeCase):
    """When all connections are taken, who has most of them makes place for who comes."""

    settings = {"connections": 6, "connections_a_client": 6}

    def test_few_clients_cannot_keep_the_others_out(self):
        crowd = [self.edge.connect() for _ in range(6)]
        for client in crowd:
            self.assertEqual(client.get("/health/alive").status, 200)
        newcomers = []  # they stay, or their places would be free again
        for source in ("127.0.0.2", "127.0.0.3"):
            newcomers.append(self.edge.connect(source=source))
            self.assertEqual(newcomers[-1].get("/health/alive").status, 200)
            self.assertTrue(crowd.pop(0).is_closed())
        for client in crowd + newcomers:
            self.assertEqual(client.get("/health/alive").status, 200)
            client.socket.close()


HELLO = bytes.fromhex("1603010200010001fc0303")  # a record of 512 bytes begins


class HalfHandshakes(EdgeCase):
    """Clients that begin a TLS handshake and fall silent cost nothing."""

    settings = {"handshake_seconds": 60}
    LOOKS = 400

    def begin(self, count):
        sockets = [socket.create_connection(("127.0.0.1", self.edge.port), timeout=WAIT) for _ in range(count)]
        for plain in sockets:
            plain.sendall(HELLO)
        return sockets

    def is_at_work(self):
        """True while a thread of edge runs or waits for a processor, however busy the machine is."""
        tasks = pathlib.Path(f"/proc/{self.edge.process_id}/task").iterdir()
        return any((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "R" for task in tasks)

    def is_calm(self):
        """Asleep at most looks of a second or two."""
        looks = 0
        for _ in range(self.LOOKS):
            looks += self.is_at_work()
            time.sleep(0.005)
        return looks < self.LOOKS / 4

    def test_they_do_not_keep_the_processor_busy(self):
        sockets = self.begin(20)
        with self.edge.connect() as client:
            self.assertEqual(client.get("/health/alive").status, 200)
            deadline = time.monotonic() + WAIT
            while not self.is_calm():
                self.assertLess(time.monotonic(), deadline, "edge never sleeps")
        for plain in sockets:
            plain.close()


class LimitOfHalfHandshakes(Taking, EdgeCase):
    """They count until they go."""

    settings = {"connections_a_client": 8, "handshake_seconds": 60}

    def test_no_more_than_the_limit_and_all_of_it_again(self):
        sockets = HalfHandshakes.begin(self, self.most)
        with socket.create_connection(("127.0.0.1", self.edge.port), timeout=WAIT) as refused:
            self.assertTrue(Client(refused).is_closed())
        for plain in sockets:
            plain.close()
        self.close(self.take_most())


if __name__ == "__main__":
    run_tests()
