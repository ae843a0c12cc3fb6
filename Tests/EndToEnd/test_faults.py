"""Whatever a bucket does, a visitor gets a whole object, a page that says that there is none, or a connection that is
visibly broken: never a short body that looks whole. Each fault has its outcome here, by HTTP/1.1 and by HTTP/2."""

import contextlib
import hashlib
import http.client
import os
import re
import socket
import ssl
import time

import faulty_bucket as faults
import h2.config
import h2.connection
import h2.events
import postern
import pytest
import web
from faulty_bucket import FaultyBucket
from parts import process

PAGE = hashlib.shake_128(b"page").digest(300_000)
OBJECTS = {"small.txt": b"Hello, 24 bytes of text.", "page.bin": PAGE, "other.txt": b"another"}
HOST = "faults.test"
BROKEN = "broken"
LIMITS = {"origin_connect_timeout": "500ms", "origin_first_byte_timeout": "800ms", "origin_idle_timeout": "600ms",
          "origin_retries": 100, "origin_retries_per_second": 1000}


class Daemon(postern.Postern):
    """A daemon with one worker before one bucket, in HTTP/1.1 and in HTTP/2 over TLS."""

    def __init__(self, build, name, authority, origin, hosts=None, **limits):
        self.plain, self.tls = process.free_ports(2)
        certificate, key = authority.issue(f"faults-{name}", HOST)
        self.context = ssl.create_default_context(cafile=authority.certificate)
        self.context.set_alpn_protocols(["h2"])
        super().__init__(os.path.join(build, f"faults-{name}"), {
            "workers": 1,
            "listeners": {"plain": {"address": f"127.0.0.1:{self.plain}"},
                          "tls": {"address": f"127.0.0.1:{self.tls}",
                                  "tls": {"certificate": certificate, "key": f"file:{key}"}}},
            "origins": {"bucket": origin}, "limits": {**LIMITS, **limits},
            "sites": {"site": {"hosts": [f"{HOST}:{self.plain}", f"{HOST}:{self.tls}"], "origin": "bucket",
                               "rules": {"/**": "anyone"}, "content": {"not_found": ""}}}}, hosts=hosts)

    def request(self, path, **options):
        return web.request(self.plain, path, host=f"{HOST}:{self.plain}", **options)

    def http1(self, path, method="GET"):
        """Status and body; BROKEN in place of a body that ends before its end."""
        with web.connect(self.plain) as connection:
            connection.sendall(web.head(method, path, f"{HOST}:{self.plain}"))
            response = web.read_answer(connection, method, body=False)
            try:
                return response.status, response.read()
            except (http.client.IncompleteRead, ConnectionError):
                return response.status, BROKEN

    def http2(self, path, method="GET"):
        with web.connect(self.tls, tls=self.context, name=HOST) as connection:
            client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            client.initiate_connection()
            client.increment_flow_control_window(1 << 24)
            client.send_headers(1, [(":method", method), (":scheme", "https"), (":authority", f"{HOST}:{self.tls}"),
                                    (":path", path)], end_stream=True)
            client.increment_flow_control_window(1 << 24, 1)
            status, body = None, b""
            while True:
                connection.sendall(client.data_to_send())
                data = connection.recv(65536)
                assert data, "the connection ended, and not the stream"
                for event in client.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        status = int(dict(event.headers)[":status"])
                    elif isinstance(event, h2.events.DataReceived):
                        body += event.data
                    elif isinstance(event, h2.events.StreamEnded):
                        return status, body
                    elif isinstance(event, h2.events.StreamReset):
                        return status, BROKEN

    def recovered(self, what):
        text = web.request(self.admin, "/metrics", host="localhost").text
        found = re.search(rf'^postern_origin_recoveries_total{{origin="bucket",recovery="{what}"}} (\d+)$', text, re.M)
        return int(found[1]) if found else 0

    def events(self, message):
        return [one for one in self.records() if message in one.get("message", "")]


@pytest.fixture(scope="module")
def bucket():
    one = FaultyBucket(dict(OBJECTS))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def daemon(build, authority, bucket):
    with Daemon(build, "one", authority, bucket.origin()) as one:
        yield one


@pytest.fixture(autouse=True)
def fresh(bucket):
    bucket.reset()


@pytest.fixture(params=["http1", "http2"])
def ask(request, daemon):
    return getattr(daemon, request.param)


OK = "HTTP/1.1 200 OK\r\n"
LENGTH = "Content-Length: {length}\r\n"
CHUNKS = "Transfer-Encoding: chunked\r\n\r\n"
TAG = 'ETag: "a"\r\n'

# What a request for /page.bin ends in: status, what comes of the content, and how many requests the bucket sees. A
# fault comes once; with `always` every time.
ONCE = {
    "503 SlowDown": faults.busy,
    "429": faults.status(429, "TooManyRequests"),
    "500": faults.status(500),
    "502": faults.status(502),
    "504": faults.status(504),
    "a reset before the head": faults.raw(then="reset"),
    "an end before the head": faults.raw(),
    "a reset in the head": faults.raw(OK, "Content-Le", then="reset"),
    "an end in the head": faults.raw(OK, "Content-Le"),
    "a 200 that is an error": faults.raw(
        OK, "Content-Type: application/xml\r\nContent-Length: 81\r\n\r\n",
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code></Error>\n\n'),
    "a reset in the content": faults.cut(100_000),
    "an end in the content": faults.cut(100_000, "close"),
    "a reset at the content's first byte": faults.cut(0),
    "an end before the content's last byte": faults.cut(len(PAGE) - 1, "close"),
    "content that stops coming": lambda answer: (answer.begin(100_000), answer.wait(3), answer.close()),
}
ALWAYS = {
    "503 SlowDown": (faults.busy, 503, 2),
    "503 with Retry-After": (faults.status(503, "SlowDown", Retry_After="30"), 503, 1),
    "429": (faults.status(429, "TooManyRequests"), 503, 2),
    "500": (faults.status(500), 502, 2),
    "501": (faults.status(501, "NotImplemented"), 502, 1),
    "502": (faults.status(502), 502, 2),
    "504": (faults.status(504), 502, 2),
    # A connection that was kept may have ended by itself: that costs one more.
    "resets before the head": (faults.raw(then="reset"), 502, 3),
    "ends in the head": (faults.raw(OK, "Content-Le"), 502, 2),
    "a 200 that is an error": (faults.raw(
        OK, "Content-Type: text/xml\r\nContent-Length: 41\r\n\r\n<Error><Code>InternalError</Code></Error>"), 502, 2),
    "a chunked 200 that is an error": (faults.raw(
        OK, "Content-Type: application/xml\r\n", CHUNKS, "29\r\n<Error><Code>InternalError</Code></Error>\r\n0\r\n\r\n"),
        502, 2),
    "a 200 that says that there is nothing": (faults.raw(
        OK, "Content-Type: application/xml\r\nContent-Length: 37\r\n\r\n<Error><Code>NoSuchKey</Code></Error>"), 404, 1),
    "expired credentials": (faults.status(400, "ExpiredToken"), 502, 1),
    "a wrong signature": (faults.status(403, "SignatureDoesNotMatch"), 502, 1),
    "another region, 301": (faults.status(301, "PermanentRedirect", Location="http://127.0.0.1:1/"), 502, 1),
    "another region, 307": (faults.status(
        307, "TemporaryRedirect", Location="http://127.0.0.1:1/", x_amz_bucket_region="eu-west-1"), 502, 1),
    "another region, 400": (faults.status(400, "AuthorizationHeaderMalformed"), 502, 1),
    "garbage": (faults.raw("\0\1\2 what is this\r\n\r\n"), 502, 1),
    "another protocol": (faults.raw("SSH-2.0-OpenSSH_9.6\r\n"), 502, 1),
    "HTTP/1.0 without a length": (faults.raw("HTTP/1.0 200 OK\r\n\r\n{body}"), 502, 1),
    "no length": (faults.raw(OK, "\r\n{body}"), 502, 1),
    "two lengths": (faults.raw(OK, LENGTH, "Content-Length: 5\r\n\r\n{body}"), 502, 1),
    "the same length twice": (faults.raw(OK, LENGTH, LENGTH, "\r\n{body}"), 502, 1),
    "a length and chunks": (faults.raw(OK, LENGTH, CHUNKS, "5\r\nhello\r\n0\r\n\r\n"), 502, 1),
    "a negative length": (faults.raw(OK, "Content-Length: -1\r\n\r\n{body}"), 502, 1),
    "a length beyond all numbers": (faults.raw(OK, f"Content-Length: {2 ** 64}\r\n\r\n", "{body}"), 502, 1),
    "a huge head": (faults.raw(OK, *(f"X-{n}: {'x' * 1000}\r\n" for n in range(90)), LENGTH, "\r\n{body}"), 502, 1),
    "a head of many fields": (faults.raw(OK, *(f"X-{n}: x\r\n" for n in range(3000)), LENGTH, "\r\n{body}"), 502, 1),
    "a flood of 1xx": (faults.raw(*["HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"] * 1000), 502, 1),
    "a part that nobody asked for": (faults.raw(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello"), 502, 1),
    "no answer": (faults.silent, 504, 1),
    "half a head": (lambda answer: (answer.send(OK), answer.wait(3), answer.close()), 504, 1),
}
BREAKS = {
    "a reset, and no tag": faults.raw(OK, LENGTH, "\r\nhello", then="reset"),
    "an end, and no tag": faults.raw(OK, LENGTH, "\r\nhello"),
    "an end, and a weak tag": faults.raw(OK, LENGTH, 'ETag: W/"a"\r\n\r\nhello'),
    "chunks that break off": faults.raw(OK, TAG, CHUNKS, "5\r\nhello\r\n"),
    "a chunk that breaks off": faults.raw(OK, TAG, CHUNKS, "50\r\nhello"),
    "chunks without an end": faults.raw(OK, TAG, CHUNKS, "5\r\nhello\r\n0\r\n", then="reset"),
    "chunks that lie": faults.raw(OK, TAG, CHUNKS, "5\r\nhelloworld\r\n0\r\n\r\n"),
    "content that stops coming": lambda answer: (answer.send(OK, "Content-Length: 9\r\n\r\nhello"), answer.wait(5)),
    "a length that is too large": faults.raw(OK, TAG, "Content-Length: 2000000\r\n\r\n{body}"),
    "ends all the time": faults.cut(1000, "close"),
}


@pytest.mark.parametrize("fault", ONCE)
def test_a_fault_that_passes_is_not_noticed(ask, bucket, fault):
    bucket.faults["page.bin"] = [ONCE[fault]]
    assert ask("/page.bin") == (200, PAGE)
    assert bucket.count() == 2


@pytest.mark.parametrize("fault", ALWAYS)
def test_a_fault_that_stays_ends_in_a_page(ask, bucket, fault):
    does, status, count = ALWAYS[fault]
    assert ask("/small.txt") == (200, OBJECTS["small.txt"])
    bucket.always["page.bin"] = does
    answer = ask("/page.bin")
    assert answer[0] == status and answer[1] != BROKEN and b"<html" in answer[1], answer
    assert b"secret-host-id" not in answer[1] and bucket.count("page.bin") == count
    assert ask("/small.txt") == (200, OBJECTS["small.txt"]), "the fault outlasts its request"


@pytest.mark.parametrize("fault", BREAKS)
def test_content_that_cannot_be_whole_is_visibly_broken(ask, bucket, fault):
    bucket.always["page.bin"] = BREAKS[fault]
    assert ask("/page.bin") == (200, BROKEN)
    assert ask("/small.txt") == (200, OBJECTS["small.txt"]), "the fault outlasts its request"


def test_an_object_that_changes_while_it_is_read_is_broken(ask, bucket):
    def change(answer):
        answer.begin(100_000)
        bucket.objects["page.bin"] = PAGE[::-1]
        answer.wait(0.02)
        answer.reset()

    bucket.faults["page.bin"] = [change]
    try:
        assert ask("/page.bin") == (200, BROKEN)
        assert ask("/page.bin") == (200, PAGE[::-1])
    finally:
        bucket.objects["page.bin"] = PAGE


@pytest.mark.parametrize("fault", [
    faults.late(0.4), faults.drip(0.005, 3000), faults.raw(OK, TAG, LENGTH, "\r\n{body}extra bytes behind the end"),
    faults.raw(OK, TAG, LENGTH, "\r\n{body}", OK, "Content-Length: 6\r\n\r\npoison", then="stay"),
    faults.raw("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n", OK, LENGTH, "\r\n{body}"),
    faults.raw("HTTP/1.0 200 OK\r\n", LENGTH, "\r\n{body}"),
    faults.raw(OK, CHUNKS, "493e0;note=x\r\n{body}\r\n0\r\nX-Amz-Checksum: x\r\n\r\n"),
], ids=["late", "slowly", "too long", "with another answer behind it", "after 1xx", "HTTP/1.0", "chunked"])
def test_what_is_odd_and_whole_is_whole(ask, bucket, fault):
    bucket.faults["page.bin"] = [fault]
    assert ask("/page.bin") == (200, PAGE)
    # What comes unasked ends its connection once it has come; what is still on its way nobody can tell from an answer.
    time.sleep(0.2)
    assert ask("/small.txt") == (200, OBJECTS["small.txt"])


def test_a_range_that_breaks_off_is_gone_on_with(daemon, bucket):
    def part(answer):
        answer.head(206, 200_000, ETag=bucket.tag("page.bin"), Content_Range=f"bytes 1000-200999/{len(PAGE)}")
        answer.send(PAGE[1000:70_000])
        answer.wait(0.02)
        answer.reset()

    before = daemon.recovered("resumed")
    bucket.faults["page.bin"] = [part]
    answer = daemon.request("/page.bin", headers={"Range": "bytes=1000-200999"})
    assert (answer.status, answer.body) == (206, PAGE[1000:201_000])
    assert bucket.requests[-1].fields["range"] == "bytes=70000-200999" and daemon.recovered("resumed") == before + 1


# The clock

@pytest.mark.parametrize("seconds", [-7200, 3600, 80_000])
def test_signatures_follow_the_buckets_clock(daemon, bucket, seconds):
    before = daemon.recovered("clock_corrected")
    bucket.offset = seconds
    assert daemon.http1("/small.txt") == (200, OBJECTS["small.txt"])
    assert bucket.count() == 2
    assert daemon.http1("/other.txt", "HEAD")[0] == 200 and bucket.count() == 3
    assert daemon.recovered("clock_corrected") == before + 1
    bucket.offset = 0
    assert daemon.http1("/small.txt", "HEAD")[0] == 200, "a HEAD tells by its date"
    assert bucket.count() == 5
    assert daemon.events("clock differs")


def test_a_clock_that_is_days_off_is_not_followed(daemon, bucket):
    bucket.offset = 3 * 86_400
    assert daemon.http1("/small.txt")[0] == 502 and bucket.count() == 1
    bucket.offset = 0
    assert daemon.http1("/small.txt") == (200, OBJECTS["small.txt"]) and bucket.count() == 2


# Dead addresses

@contextlib.contextmanager
def black_hole(address):
    """An address that takes no connection, and refuses none."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, 0))
        listener.listen(0)
        for _ in range(3):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://{address}:{listener.getsockname()[1]}"


def dead():
    return f"http://127.0.0.1:{process.free_port()}"


def test_dead_addresses_end_in_a_page(build, authority, bucket):
    with black_hole("127.0.0.8") as hole:
        for name, endpoint, status in (("refused", dead(), 502), ("hole", hole, 504)):
            with Daemon(build, name, authority, bucket.origin(endpoint=[endpoint])) as one:
                began = time.monotonic()
                assert one.http1("/small.txt")[0] == one.http2("/small.txt")[0] == status
                assert time.monotonic() - began < 3


# Several endpoints

@pytest.fixture
def second():
    one = FaultyBucket(dict(OBJECTS), address="127.0.0.2")
    yield one
    one.stop()


def test_the_next_endpoint_is_asked_where_one_is_dead(build, authority, second):
    with black_hole("127.0.0.8") as hole:
        for name, first in (("dead", dead()), ("silent", hole)):
            with Daemon(build, f"next-{name}", authority, second.origin(endpoint=[first, second.endpoint])) as one:
                assert one.http1("/page.bin") == (200, PAGE)
                began = time.monotonic()
                for _ in range(10):
                    assert one.http1("/small.txt") == (200, OBJECTS["small.txt"])
                assert time.monotonic() - began < 0.4, "the dead one is asked every time"
                (event, *more) = one.events("set aside")
                assert not more and event["endpoint"] == first
    assert {request.fields["host"] for request in second.requests} == {f"127.0.0.2:{second.port}"}


def test_an_endpoint_that_fails_is_left_and_taken_up_again(build, authority, second):
    first = FaultyBucket(dict(OBJECTS))
    with contextlib.closing(first.listener), Daemon(build, "back", authority, first.origin(second)) as one:
        assert one.http1("/small.txt") == (200, OBJECTS["small.txt"]) and first.count() == 1
        first.always["small.txt"] = faults.busy
        for _ in range(10):
            assert one.http1("/small.txt") == (200, OBJECTS["small.txt"])
        assert first.count() == 6 and second.count() == 10, "five errors set it aside"
        first.always.clear()
        end = time.monotonic() + 5
        while not one.events("answers again"):
            assert one.http1("/small.txt") == (200, OBJECTS["small.txt"]) and time.monotonic() < end
            time.sleep(0.1)
        before = second.count()
        for _ in range(5):
            assert one.http1("/small.txt") == (200, OBJECTS["small.txt"])
        assert second.count() == before
        first.stop()


def test_content_that_breaks_off_goes_on_from_another_endpoint(build, authority, second):
    first = FaultyBucket(dict(OBJECTS))
    with Daemon(build, "elsewhere", authority, first.origin(second)) as one:
        def die(answer):
            answer.begin(100_000)
            first.stop()
            answer.reset()

        first.faults["page.bin"] = [die]
        assert one.http1("/page.bin") == (200, PAGE)
        assert [request.fields.get("range") for request in second.requests] == [f"bytes=100000-{len(PAGE) - 1}"]


# The budget

def test_a_bucket_that_fails_is_not_asked_twice_as_often(build, authority, bucket):
    with Daemon(build, "budget", authority, bucket.origin(), origin_retries=10, origin_retries_per_second=1) as one:
        bucket.always["small.txt"] = faults.busy
        for _ in range(50):
            assert one.http1("/small.txt")[0] == 503
        assert 60 <= bucket.count() <= 66 and one.recovered("retried") == bucket.count() - 50
        assert one.recovered("not_retried") == 100 - bucket.count()
        assert len(one.events("too often")) == 1


# 403 or 404

def test_what_a_bucket_denies_is_told_once_in_a_while(build, authority, bucket):
    bucket.always = {f"missing-{number}": faults.status(403, "AccessDenied") for number in range(20)}
    with Daemon(build, "denied", authority, bucket.origin()) as one:
        for number in range(10):
            assert one.http1(f"/missing-{number}")[0] == 404
        (everything,) = one.events("denied everything")
        assert "s3:GetObject" in everything["reason"] and not one.events("denied access")
        assert one.http1("/small.txt")[0] == 200
        for number in range(10, 20):
            assert one.http1(f"/missing-{number}")[0] == 404
        (some,) = one.events("denied access")
        assert "s3:ListBucket" in some["reason"] and some["origin"] == "bucket"
        assert len(one.events("denied everything")) == 1


# Names

def test_addresses_that_change_are_followed(build, authority):
    first = FaultyBucket(dict(OBJECTS), address="127.0.0.3")
    second = FaultyBucket(dict(OBJECTS), address="127.0.0.4", port=first.port)
    origin = first.origin(endpoint=[f"http://bucket.test:{first.port}"])
    with Daemon(build, "names", authority, origin, hosts={"bucket.test": "127.0.0.3"}) as one:
        if one.borrowed:
            pytest.skip("no mount namespace")
        names = os.path.join(one.directory, "hosts")
        assert one.http1("/page.bin") == (200, PAGE) and first.count() == 1
        with open(names, "w", encoding="ascii") as target:  # in place: it is mounted
            target.write("127.0.0.4 bucket.test\n")
        first.stop()
        assert one.http1("/page.bin") == (200, PAGE)
        assert second.count() >= 1
        assert {request.fields["host"] for request in second.requests} == {f"bucket.test:{first.port}"}
    second.stop()
