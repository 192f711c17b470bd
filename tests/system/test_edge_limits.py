"""How many connections there may be, in all and from one client."""

import os
import select
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
        for source in ("127.0.0.2", "127.0.0.3"):
            with self.edge.connect(source=source) as newcomer:
                self.assertEqual(newcomer.get("/health/alive").status, 200)
                self.assertTrue(crowd.pop(0).is_closed())
        self.assertEqual([client.get("/health/alive").status for client in crowd], [200] * 4)
        for client in crowd:
            client.socket.close()


HELLO = bytes.fromhex("1603010200010001fc0303")  # a record of 512 bytes begins


class HalfHandshakes(EdgeCase):
    """Clients that begin a TLS handshake and fall silent cost nothing."""

    settings = {"handshake_seconds": 60}
    SECONDS, SHARE = 2, 0.2

    def begin(self, count):
        sockets = [socket.create_connection(("127.0.0.1", self.edge.port), timeout=WAIT) for _ in range(count)]
        for plain in sockets:
            plain.sendall(HELLO)
        return sockets

    def processor_seconds(self):
        with open(f"/proc/{self.edge.process_id}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_they_do_not_keep_the_processor_busy(self):
        sockets = self.begin(20)
        with self.edge.connect() as client:
            self.assertEqual(client.get("/health/alive").status, 200)
            before = self.processor_seconds()
            self.assertEqual(select.select([client.socket], [], [], self.SECONDS)[0], [])
            used = self.processor_seconds() - before
            self.assertEqual(client.get("/health/alive").status, 200)
        for plain in sockets:
            plain.close()
        self.assertLess(used, self.SHARE * self.SECONDS)


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
