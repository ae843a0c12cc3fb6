"""What Postern's HTTP/1 parser accepts, others accept as well, and read as the same: h11, and llhttp by httptools.

Where two programs read one message differently, one of them can be led past the other. Postern may refuse what others
take; what it takes and one of them refuses is a finding, unless `reason_for` has a reason."""

import itertools
import json
import os
import random
import re
import struct
import subprocess
import time

import h11
import httptools
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READER = os.path.join(ROOT, ".build", "debug", "HTTP1Reader")

# In seconds; the mutations end with it. The bytes at every place are always tried all.
BUDGET = 12
MUTATIONS = 60_000

PLACES = [
    b"|GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"G|ET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET| / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /|x HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /?|x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1|\r\nHost: a\r\n\r\n", b"GET / HTTP/1|.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r|\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n|Host: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost|: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost:| a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a|b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX-|A: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-A: b|c\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n|\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: |3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3|\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: |chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked|\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n|3\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3|\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=|b\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"|b\"\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r|\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc|\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0|\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n|X-A: b\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A:| b\r\n\r\n",
]
BYTES = [place.replace(b"|", bytes([byte])) for place in PLACES for byte in range(256)]

WHOLE = [place.replace(b"|", b"") for place in PLACES] + [
    b"GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n", b"GET https://a HTTP/1.1\r\nHost: A\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\n\r\nPUT /3 HTTP/1.1\r\nHost: a\r\n"
    b"Content-Length: 2\r\n\r\nok",
    b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\nA;b=\"c d\";e\r\n0123456789\r\n0\r\n"
    b"X-A: b\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xff\r\nEmpty:\r\nTab:\ta\tb\t\r\n\r\n",
]
TOKENS = [
    b"\r\n", b"\r", b"\n", b"\r\n\r\n", b" ", b"\t", b"\0", b"\x0b", b"\x0c", b"\x7f", b"\x80", b":", b";", b",", b"=",
    b"\"", b"\\", b"0", b"1", b"A", b"-", b"+", b"_", b"0x", b"00", b"0\r\n\r\n", b"Content-Length: 0\r\n",
    b"Content-Length: 5\r\n", b"content-length:5\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length : 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"transfer-encoding:chunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer_Encoding: chunked\r\n",
    b" Transfer-Encoding: chunked\r\n", b"\tX: y\r\n", b"X: y\r\n", b"X:y\r\n z\r\n", b"Host: a\r\n", b"Host: b\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: content-length\r\n", b"HTTP/1.1", b"HTTP/1.0",
    b"HTTP/2.0", b"http/1.1", b"GET ", b"POST ", b"CONNECT ", b"http://a/", b"//", b"*", b"%00", b"#",
    b"9223372036854775808", b"ffffffffffffffff", b"fffffffffffffffff", b"GET /9 HTTP/1.1\r\nHost: a\r\n\r\n",
]


def mutated(source, chance):
    """Some of: bytes or words put in, taken out, put in another's place, lines doubled, moved or joined."""
    case = source
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(case) + 1)
        end = min(len(case), at + chance.choice((1, 1, 1, 2, 4, 16)))
        lines = case.split(b"\r\n")
        line = chance.randrange(len(lines))
        match chance.randrange(8):
            case 0 | 1: case = case[:at] + chance.choice(TOKENS) + case[at:]
            case 2: case = case[:at] + case[end:]
            case 3: case = case[:at] + bytes([chance.randrange(256)]) + case[at + 1:]
            case 4: case = b"\r\n".join(lines[:line] + [lines[line]] + lines[line:])
            case 5: case = b"\r\n".join(lines[:line] + [chance.choice(TOKENS).removesuffix(b"\r\n")] + lines[line:])
            case 6: case = b"\r\n".join(lines[:line] + lines[line + 1:])
            case 7: case = case[:at] + chance.choice(WHOLE)[at:]
    return case[:4096]


# MARK: What each makes of a case: a list of messages, and what it says against going on


class Message:
    def __init__(self, method, target, fields):
        self.method, self.target, self.fields, self.body, self.complete = method, target, fields, b"", False

    @property
    def start(self):
        """Method and target; one in absolute form as the origin form that Postern keeps of it."""
        match = re.fullmatch(rb"(?i:https?)://[^/?]*(/.*)?", self.target)
        return self.method, (match[1] or b"/") if match else self.target

    @property
    def head(self):
        return (*self.start, [(name.lower(), value.strip(b" \t").lower()) for name, value in self.fields])

    def __repr__(self):
        return f"{self.method} {self.target} {self.fields} {self.body}{'' if self.complete else ' …'}"


def postern_reads(cases):
    text = b"".join(struct.pack(">I", len(case)) + case for case in cases)
    done = subprocess.run([READER], input=text, capture_output=True, timeout=120)
    assert done.returncode == 0, f"the reader ended with {done.returncode}: {done.stderr[-2000:]}"
    lines = done.stdout.splitlines()
    assert len(lines) == len(cases)
    for line in lines:
        answer, messages = json.loads(line), []
        for one in answer["messages"]:
            message = Message(bytes.fromhex(one["method"]), bytes.fromhex(one["target"]),
                              [tuple(map(bytes.fromhex, field)) for field in one["fields"]])
            message.body, message.complete = bytes.fromhex(one["body"]), one["complete"]
            messages.append(message)
        yield messages, answer["error"]


def h11_reads(case):
    connection, messages = h11.Connection(h11.SERVER), []
    connection.receive_data(case)
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                messages.append(Message(event.method, event.target, list(event.headers)))
            elif isinstance(event, h11.Data):
                messages[-1].body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                messages[-1].complete = True
                connection.send(h11.Response(status_code=200, headers=[(b"content-length", b"0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return messages, None
                connection.start_next_cycle()
            else:
                return messages, None
    except h11.RemoteProtocolError as error:
        return messages, str(error)


class Collector:
    def __init__(self):
        self.messages, self.target, self.fields, self.parser = [], b"", [], None

    def on_message_begin(self):
        self.target, self.fields = b"", []

    def on_url(self, url):
        self.target += url

    def on_header(self, name, value):
        if not self.messages or self.messages[-1].complete or self.parser is None:
            self.fields.append((name, value))

    def on_headers_complete(self):
        self.messages.append(Message(self.parser.get_method(), self.target, self.fields))
        self.fields = []

    def on_body(self, body):
        self.messages[-1].body += body

    def on_message_complete(self):
        self.messages[-1].complete = True


def llhttp_reads(case):
    collector = Collector()
    collector.parser = httptools.HttpRequestParser(collector)
    try:
        collector.parser.feed_data(case)
    except httptools.HttpParserUpgrade:
        return collector.messages, "upgrade"
    except httptools.HttpParserError as error:
        return collector.messages, str(error)
    return collector.messages, None


# MARK: Comparison


def difference(ours, theirs):
    """The first of our messages that is not theirs too, and what is wrong with it; or None. They may have read on
    where we stopped."""
    for message, other in itertools.zip_longest(ours, theirs[:len(ours)]):
        if other is None:
            return message, "a message that is none to them"
        if message.head != other.head:
            return message, f"another message to them: {other}"
        if message.complete and (not other.complete or message.body != other.body):
            return message, f"with other content to them: {other}"
    return None


LLHTTP_METHODS = set(b"""DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH
    UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE
    MKCALENDAR LINK UNLINK SOURCE QUERY""".split())


def reason_for(name, case, message, error):
    """Why they may differ about this message; None where there is no reason."""
    if name == "llhttp":
        if message.method not in LLHTTP_METHODS:
            return "llhttp knows a list of methods, and we take any token, to be answered by 405 or 501"
        if error == "upgrade":
            return "llhttp stops at an upgrade, which we do not do: the connection goes on as HTTP/1.1"
        if re.search(rb"(?i)transfer-encoding:[ \t]*chunked[ \t]*\t[ \t]*\r\n", case):
            return "llhttp takes no tab behind `chunked`, where RFC 9110 section 5.6.3 has optional white space"
    if name == "h11" and error == "no request line received" and b"\r\n" + message.method + b" " in case:
        return "h11 passes over no empty line before a request, as RFC 9112 section 2.2 asks of a server"
    return None


def check(cases):
    """The findings among the cases, how many messages were accepted, and how often they may differ."""
    findings, accepted, excused = [], 0, {}
    for case, (ours, _) in zip(cases, postern_reads(cases)):
        accepted += len(ours)
        if not ours:
            continue
        for name, read in (("h11", h11_reads), ("llhttp", llhttp_reads)):
            theirs, error = read(case)
            found = difference(ours, theirs)
            if found is None:
                continue
            message, what = found
            reason = reason_for(name, case, message, error)
            if reason:
                excused[reason] = excused.get(reason, 0) + 1
            else:
                findings.append(f"{name} ({error}): {message}\n    {what}\n    in {case!r}")
    return findings, accepted, excused


@pytest.fixture(scope="module")
def reader():
    if not os.access(READER, os.X_OK):
        subprocess.run(["swift", "build", "--product", "HTTP1Reader"], cwd=ROOT, check=True, capture_output=True)


def told(findings):
    return f"{len(findings)} findings\n" + "\n".join(findings[:12])


def test_every_byte_in_every_place_is_read_as_others_read_it(reader):
    findings, accepted, _ = check(BYTES + WHOLE)
    assert not findings, told(findings)
    assert accepted > 500


def test_mutated_requests_are_read_as_others_read_them(reader):
    seed = int(os.environ.get("POSTERN_DIFFERENTIAL_SEED") or random.randrange(1 << 32))
    chance, begin, tried, total = random.Random(seed), time.monotonic(), 0, 0
    while tried < MUTATIONS and time.monotonic() - begin < BUDGET:
        cases = [mutated(chance.choice(WHOLE), chance) for _ in range(2000)]
        findings, accepted, excused = check(cases)
        assert not findings, f"POSTERN_DIFFERENTIAL_SEED={seed}: " + told(findings)
        tried, total = tried + len(cases), total + accepted
    print(f"{tried} cases of seed {seed}, {total} messages accepted, {time.monotonic() - begin:.1f} s, excused: {excused}")
    assert total > tried // 50
