"""Clients that open many connections: one after another, to measure handshakes, or all at once, to measure what an idle
one takes."""

import contextlib
import resource
import socket
import ssl
import time

import hpack
import web

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def context(authority, protocol="http/1.1", version=None):
    one = ssl.create_default_context(cafile=authority.certificate)
    one.set_alpn_protocols([protocol])
    if version:
        one.minimum_version = one.maximum_version = version
    return one


def open_one(server, kind, tls=None, session=None):
    plain = socket.create_connection(("127.0.0.1", server.ports[kind]), 10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(plain, server_hostname="localhost", session=session) if tls else plain


def ask(connection, server, kind):
    connection.sendall(web.head("GET", server.path("1 KiB"), f"localhost:{server.ports[kind]}",
                                {"Cookie": server.cookie(kind)}))
    answer = web.read_answer(connection)
    assert answer.status == 200 and len(answer.body) == 1024, answer


def ask_http2(connection, server, kind):
    """The connection's first request, as a client without the means of a library."""
    head = hpack.Encoder().encode([
        (":method", "GET"), (":scheme", "https" if kind == "tls" else "http"), (":path", server.path("1 KiB")),
        (":authority", f"localhost:{server.ports[kind]}"), ("cookie", server.cookie(kind))], huffman=False)
    connection.sendall(PREFACE + len(head).to_bytes(3, "big") + bytes([1, 5, 0, 0, 0, 1]) + head)
    data, body, read = b"", 0, 0
    while True:
        while len(data) - read >= 9:
            length, type_, flags = int.from_bytes(data[read:read + 3], "big"), data[read + 3], data[read + 4]
            if len(data) - read < 9 + length:
                break
            payload = data[read + 9:read + 9 + length]
            read += 9 + length
            if type_ == 4 and not flags & 1:
                connection.sendall(bytes([0, 0, 0, 4, 1, 0, 0, 0, 0]))
            assert type_ not in (3, 7), f"a frame of type {type_}: {payload!r}"
            if type_ == 0:
                body += length
            if type_ in (0, 1) and flags & 1:
                assert body == 1024, body
                return
        more = connection.recv(16384)
        assert more, "the connection ended"
        data, read = data[read:] + more, 0


def handshakes(server, tls, seconds, resumed):
    """How many new connections, each with one request, were made in so many seconds."""
    count, session = 0, None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open_one(server, "tls", tls, session if resumed else None) as one:
            assert not resumed or session is None or one.session_reused
            ask(one, server, "tls")
            session = one.session
            count += 1
    return count


def can_hold(count):
    """Raises this process's limit of descriptors; false where that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 200:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    return True


@contextlib.contextmanager
def held(server, kind, protocol, count, tls=None):
    """That many connections, each of which has had one request and says nothing more."""
    speak = ask_http2 if protocol == "h2" else ask
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            speak(stack.enter_context(open_one(server, kind, tls)), server, kind)
        yield
