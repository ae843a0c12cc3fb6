"""An S3 server that does what a test tells it: by the book as long as nothing else is asked for, and then it is busy,
breaks off, lies about lengths, or has another clock. Signatures are verified by code of its own."""

import contextlib
import email.utils
import hashlib
import hmac
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

KEYS = {"AKIDFAULTS": "a-secret-of-the-faulty-bucket-0123"}
SKEW = 15 * 60


def keys():
    """For an origin's config."""
    (key_id, secret), = KEYS.items()
    return {"access_key_id": key_id, "secret_access_key": secret}


def seal(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Answer:
    """One request, and the connection that it came by: what a fault has to do with."""

    def __init__(self, bucket, connection, method, target, fields):
        self.bucket, self.connection, self.method, self.target, self.fields = bucket, connection, method, target, fields
        self.key = urllib.parse.unquote(target).split("/", 2)[-1]
        self.keep = True

    def send(self, *pieces):
        for piece in pieces:
            self.connection.sendall(piece if isinstance(piece, bytes) else piece.encode())

    def head(self, status=200, length=None, **fields):
        lines = [f"HTTP/1.1 {status} Status", f"Date: {email.utils.formatdate(self.bucket.time(), usegmt=True)}",
                 "Server: FaultyBucket", "x-amz-request-id: 4442587FB7D0A2F9"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        lines += [f"Content-Length: {length}"] if length is not None else []
        self.send("\r\n".join(lines) + "\r\n\r\n")

    def error(self, status, code, **fields):
        text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>Of the bucket</Message>'
                f"<Key>{self.key}</Key><HostId>secret-host-id</HostId></Error>")
        self.head(status, len(text), Content_Type="application/xml", **fields)
        if self.method != "HEAD":
            self.send(text)

    def object(self, **fields):
        """The object, or the part of it that was asked for, as S3 has it."""
        body = self.bucket.objects.get(self.key)
        if body is None:
            return self.error(404, "NoSuchKey")
        tag = self.bucket.tag(self.key)
        if self.fields.get("if-match", tag) != tag:
            return self.error(412, "PreconditionFailed")
        status, fields = 200, {"ETag": tag, "Last-Modified": "Mon, 02 Jan 2006 15:04:05 GMT",
                               "Content-Type": "application/octet-stream", **fields}
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.fields.get("range", "")):
            first, last = int(found[1]), min(int(found[2] or len(body)), len(body) - 1)
            status, fields["Content-Range"] = 206, f"bytes {first}-{last}/{len(body)}"
            body = body[first:last + 1]
        self.head(status, len(body), **fields)
        if self.method != "HEAD":
            self.send(body)

    def begin(self, count, length=None, **fields):
        """An object's head, and so many bytes of its content."""
        body = self.bucket.objects[self.key]
        self.head(200, len(body) if length is None else length, ETag=self.bucket.tag(self.key), **fields)
        self.send(body[:count])

    def stay(self):
        pass

    def close(self):
        self.keep = False

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False

    def wait(self, seconds):
        self.bucket.stopping.wait(seconds)


class FaultyBucket:
    """`objects` are its content, by key. `faults[key]` are functions of an `Answer`, one for each request to come;
    `always[key]` is one for all the others."""

    def __init__(self, objects, bucket="site", region="us-east-1", address="127.0.0.1", port=0, tls=None):
        self.objects, self.bucket, self.region, self.tls = objects, bucket, region, tls
        self.faults, self.always, self.requests, self.offset, self.connections = {}, {}, [], 0, 0
        self.stopping, self.open, self.lock = threading.Event(), set(), threading.Lock()
        self.listener = socket.create_server((address, port))
        self.address, self.port = self.listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self):
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}"

    def origin(self, *others, **more):
        """The origin's config: this bucket, and others behind it."""
        endpoints = [self.endpoint, *(one if isinstance(one, str) else one.endpoint for one in others)]
        return {"s3": {"bucket": self.bucket, "region": self.region, "endpoint": endpoints, "addressing": "path",
                       **keys(), **more}}

    def time(self):
        return time.time() + self.offset

    def tag(self, key):
        return '"%s"' % hashlib.md5(self.objects[key]).hexdigest()

    def count(self, key=None):
        return sum(1 for one in self.requests if key in (None, one.key))

    def reset(self):
        self.faults, self.always, self.requests, self.offset, self.connections = {}, {}, [], 0, 0

    def stop(self):
        self.stopping.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            connections, self.open = self.open, set()
        for one in connections:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.lock:
            self.open.add(connection)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            with contextlib.closing(stream), stream.makefile("rb") as source:
                while self._answer(stream, source):
                    pass
        connection.close()
        with self.lock:
            self.open.discard(connection)

    def _answer(self, stream, source):
        line = source.readline().decode("latin-1").rstrip("\r\n")
        if not line or self.stopping.is_set():
            return False
        method, target, _ = line.split(" ")
        fields = {}
        while True:
            field = source.readline().decode("latin-1").rstrip("\r\n")
            if not field:
                break
            name, _, value = field.partition(":")
            assert name.lower() not in fields, f"{name} stands twice"
            fields[name.lower()] = value.strip()
        answer = Answer(self, stream, method, target, fields)
        self.requests.append(answer)
        planned = self.faults.get(answer.key)
        fault = planned.pop(0) if planned else self.always.get(answer.key)
        if fault:
            fault(answer)
        elif refusal := self.refusal(answer):
            answer.error(*refusal)
        else:
            answer.object()
        return answer.keep

    # Signature Version 4, from the description of it

    def refusal(self, request):
        """What is wrong with the request's signature, as a status and S3's code; None where nothing is."""
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
                             r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
                             request.fields.get("authorization", ""))
        if not found:
            return 403, "AccessDenied"
        key_id, day, region, names, signature = found.groups()
        moment = request.fields.get("x-amz-date", "")
        if key_id not in KEYS:
            return 403, "InvalidAccessKeyId"
        if region != self.region:
            return 400, "AuthorizationHeaderMalformed"
        if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names.split(";")) or moment[:8] != day:
            return 403, "AccessDenied"
        path, _, query = request.target.partition("?")
        canonical = "\n".join([
            request.method, path, query, *(f"{name}:{request.fields[name]}" for name in names.split(";")), "", names,
            request.fields["x-amz-content-sha256"]])
        key = b"AWS4" + KEYS[key_id].encode()
        for part in (day, region, "s3", "aws4_request"):
            key = seal(key, part)
        text = f"AWS4-HMAC-SHA256\n{moment}\n{day}/{region}/s3/aws4_request\n" + hashlib.sha256(
            canonical.encode()).hexdigest()
        if not hmac.compare_digest(seal(key, text).hex(), signature):
            return 403, "SignatureDoesNotMatch"
        signed = time.mktime(time.strptime(moment, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(signed - self.time()) > SKEW:
            return 403, "RequestTimeTooSkewed"
        return None


# Faults

def busy(answer):
    answer.error(503, "SlowDown")


def status(number, code="InternalError", **fields):
    return lambda answer: answer.error(number, code, **fields)


def raw(*pieces, then="close"):
    """Exactly these bytes; `{body}` is the object's content."""
    def fault(answer):
        body = answer.bucket.objects.get(answer.key, b"")
        answer.send(*(piece.encode().replace(b"{body}", body).replace(b"{length}", b"%d" % len(body))
                      for piece in pieces))
        getattr(answer, then)()
    return fault


def cut(count, then="reset", length=None, **fields):
    """The connection ends after so many bytes of the content."""
    def fault(answer):
        answer.begin(count, length, **fields)
        answer.wait(0.02)
        getattr(answer, then)()
    return fault


def drip(pause, size=1):
    """The whole of it, a piece at a time."""
    def fault(answer):
        body = answer.bucket.objects[answer.key]
        answer.head(200, len(body), ETag=answer.bucket.tag(answer.key))
        for start in range(0, len(body), size):
            answer.send(body[start:start + size])
            answer.wait(pause)
    return fault


def late(seconds):
    def fault(answer):
        answer.wait(seconds)
        answer.object()
    return fault


def silent(answer):
    answer.wait(60)
    answer.close()
