"""What reaches a bucket is built, not filtered: this test looks at every byte of it, and botocore at every signature."""

import os
import random
import socket
import urllib.parse

import postern
import pytest
import web
from parts import process
from paths import LITERAL, REFUSED
from recording_bucket import RecordingBucket

SECRETS = {"AKIDPLAIN": ("plain/secret+of=this.file", None),
           "ASIATEMPORARY": ("temporary-secret-of-this-file", "FwoGZXIvYXdzEBYaDH//////////wEaDPa+x/==" * 8),
           "rig:gateway": ("s", None)}
MINE = {"host", "authorization", "accept-encoding", "x-amz-date", "x-amz-content-sha256", "connection"}


@pytest.fixture(scope="module")
def bucket():
    one = RecordingBucket(SECRETS)
    for secret, token in SECRETS.values():
        web.note(secret)
        web.note(token)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def gateway(build, bucket):
    """A site for each dialect: regions, addressing, a path before the bucket, temporary credentials, parameters."""
    port = process.free_port()
    names = {"docs.bucket.test": "127.0.0.1", "bucket.test": "127.0.0.1"}

    def origin(key="AKIDPLAIN", **more):
        secret, token = SECRETS[key]
        return {"s3": {"bucket": "docs", "region": "eu-central-1", "endpoint": f"http://127.0.0.1:{bucket.port}",
                       "addressing": "path", "access_key_id": key, "secret_access_key": secret,
                       **({"session_token": token} if token else {}), **more}}

    origins = {
        "plain": origin(), "prefix": origin(prefix="site/ä b/"),
        "virtual": origin(endpoint=f"http://bucket.test:{bucket.port}", addressing="virtual", region="auto"),
        "below": origin(endpoint=f"http://127.0.0.1:{bucket.port}/storage/v1/s3", region="local"),
        "temporary": origin("ASIATEMPORARY", region="us-gov-west-1"),
        "colon": origin("rig:gateway", region="us-east-1", bucket="my.bucket"),
        "parameters": origin(query_parameters=["versionId", "response-content-disposition"]),
    }
    daemon = postern.Postern(os.path.join(build, "bucket-requests"), {
        "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "origins": origins,
        "sites": {name: {"hosts": [f"{name}.localhost:{port}"], "origin": name, "rules": {"/**": "anyone"},
                         "content": {"index": ""}} for name in origins}}, hosts=names)
    daemon.port = port
    yield daemon
    daemon.stop()


PREFIXES = {"plain": "/docs/", "prefix": "/docs/site/ä b/", "virtual": "/", "below": "/storage/v1/s3/docs/",
            "temporary": "/docs/", "colon": "/my.bucket/", "parameters": "/docs/"}


def ask(gateway, target, site="plain", method="GET", headers=None, body=b""):
    return web.request(gateway.port, target, host=f"{site}.localhost:{gateway.port}", method=method, headers=headers,
                       body=body)


def arrived(bucket, gateway, *arguments, **options):
    """The one request that the bucket got for one of a client's, and the answer."""
    before = len(bucket.requests)
    answer = ask(gateway, *arguments, **options)
    came = bucket.requests[before:]
    assert len(came) <= 1 and not bucket.faults, (came, bucket.faults)
    return (came[0] if came else None), answer


SMUGGLED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
    "Cookie": "a=b", "X-Amz-Date": "20260101T000000Z", "X-Amz-Security-Token": "theirs", "X-Amz-Content-Sha256": "0",
    "X-Amz-Server-Side-Encryption-Customer-Key": "x", "X-Amz-Request-Payer": "requester", "X-Amz-Copy-Source": "/a/b",
    "X-Amz-Website-Redirect-Location": "https://evil.test", "X-Amz-Meta-A": "b", "X-Amz-Expected-Bucket-Owner": "1",
    "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT", "X-Original-URL": "/other", "X-Rewrite-URL": "/other",
    "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test", "Via": "1.1 x",
    "X-Forwarded-Proto": "https", "Accept": "*/*", "Accept-Encoding": "gzip, br", "Accept-Language": "de",
    "User-Agent": "curl/8", "Referer": "https://evil.test/", "Origin": "https://evil.test", "TE": "trailers",
    "Cache-Control": "no-cache", "Pragma": "no-cache", "Content-Type": "text/plain", "Content-MD5": "x", "Date": "x",
    "X-Real-IP": "1.2.3.4", "Traceparent": "00-0-0-0", "Proxy": "http://evil.test", "Upgrade-Insecure-Requests": "1",
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_field_of_the_clients_but_ranges_and_conditions_reaches_the_bucket(bucket, gateway, method):
    request, answer = arrived(bucket, gateway, "/a.txt", method=method, headers=SMUGGLED)
    assert answer.status == 200
    assert request[:2] == (method, "/docs/a.txt")
    fields = dict(request[2])
    assert set(fields) <= MINE and fields["accept-encoding"] == "identity"
    assert not [value for value in fields.values() if value in SMUGGLED.values()]


def test_ranges_and_conditions_reach_it_as_they_were_understood(bucket, gateway):
    request, _ = arrived(bucket, gateway, "/a.txt", headers={
        **SMUGGLED, "Range": "bytes=0-3", "If-None-Match": 'W/"b" , "c"', "If-Modified-Since": "no date",
        "If-Match": "*"})
    fields = dict(request[2])
    assert {name: fields[name] for name in set(fields) - MINE} == {
        "range": "bytes=0-3", "if-none-match": '"b", "c"', "if-match": "*"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_nothing_but_get_and_head_reaches_the_bucket(bucket, gateway, method):
    request, answer = arrived(bucket, gateway, "/a.txt", method=method, body=b"x" if method == "PUT" else b"")
    assert request is None and answer.status in (400, 405, 501), str(answer)


QUERIES = [
    "acl", "versionId=1", "list-type=2&prefix=x", "uploads", "uploadId=1", "partNumber=1", "tagging", "torrent", "policy",
    "response-content-type=text/html", "response-cache-control=public", "X-Amz-Signature=0&X-Amz-Credential=x",
    "AWSAccessKeyId=A&Signature=B&Expires=1", "%61cl", "?acl", "a?b=1&acl", "select&select-type=2", "x-id=GetObject",
    "versionId=1&versionId=2", "object-lambda", "a=1;acl", "%", "acl%00", "",
]


def test_no_query_reaches_the_bucket(bucket, gateway):
    for query in QUERIES:
        for path in ("/a.txt", "/dir/b"):
            request, answer = arrived(bucket, gateway, f"{path}?{query}")
            assert answer.status == 200 and request[1] == "/docs" + path, query


def test_parameters_that_are_named_reach_it_once_and_encoded_anew(bucket, gateway):
    def sent(query):
        request, answer = arrived(bucket, gateway, f"/a.txt?{query}", site="parameters")
        assert answer.status == 200
        return request[1].removeprefix("/docs/a.txt")

    assert sent("versionId=a.b_c-d") == "?versionId=a.b_c-d"
    assert sent("acl&versionId=%61+b%2Fc&uploads") == "?versionId=a%20b%2Fc"
    assert sent("versionId=1&versionId=2") == "?versionId=1"
    assert sent("response-content-disposition=attachment%3B%20filename%3D%22%C3%A4%22&versionId=1") == (
        "?response-content-disposition=attachment%3B%20filename%3D%22%C3%A4%22&versionId=1")
    for query in ("VersionId=1", "versionid=1", "versionId%00=1", "versionId=%00", "versionId=%ff", "versionId=%0d%0aX:1",
                  "response-content-type=text/html", "versionId=" + "x" * 1025, "a=versionId=1", ""):
        assert sent(query) == "", query
    assert sent("versionId=" + "x" * 1024) == "?versionId=" + "x" * 1024
    request, answer = arrived(bucket, gateway, "/a.txt?versionId=1", site="parameters", method="HEAD")
    assert request[:2] == ("HEAD", "/docs/a.txt?versionId=1")


def test_a_version_that_is_not_there_is_a_404(bucket, gateway):
    for method in ("GET", "HEAD"):
        answer = ask(gateway, "/a.txt?versionId=unknown", site="parameters", method=method)
        assert answer.status == 404 and b"InvalidArgument" not in answer.body and not bucket.faults, str(answer)
    # The site's own page for it is asked for as it is now.
    assert bucket.requests[-1][1] == "/docs/404.html"


def test_a_path_is_decoded_once_and_encoded_once(bucket, gateway):
    for target, key in LITERAL.items():
        for site in ("plain", "prefix", "virtual", "below"):
            request, answer = arrived(bucket, gateway, target, site=site)
            assert answer.status == 200, f"{target}\n{answer}"
            assert urllib.parse.unquote(request[1]) == PREFIXES[site] + key, target


def test_a_path_that_can_be_read_in_two_ways_reaches_nobody(bucket, gateway):
    for target in REFUSED:
        request, answer = arrived(bucket, gateway, target)
        assert request is None and answer.status in (400, 404, 421), f"{target}\n{answer}"


COUNT = 3000
LETTERS = ("abcXYZ019-_.~ !\"#$%&'()*+,:;<=>?@[]^`{|}äßéñøΩЖאع中日本語한😀\u0301\u200b\u00a0\u202eﬀ"
           "\U0001f469\u200d\U0001f4bb")
RAW = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@")


def keys(rng):
    for _ in range(COUNT):
        while True:
            segments = ["".join(rng.choice(LETTERS) for _ in range(rng.randint(1, rng.choice((3, 12, 40)))))
                        for _ in range(rng.randint(1, 4))]
            if not {".", ".."} & set(segments) and len("/".join(segments).encode()) < 900:
                break
        yield "/".join(segments)


def spelled(rng, key):
    """A target that means the key: bytes that may stand as they are mostly do, hex digits are in either case."""
    out = []
    for byte in key.encode():
        if byte == 0x2F or byte in RAW and rng.random() < 0.8:
            out.append(chr(byte))
        else:
            out.append(("%%%02X" if rng.random() < 0.7 else "%%%02x") % byte)
    return "/" + "".join(out)


def test_botocore_signs_thousands_of_keys_alike(bucket, gateway):
    rng = random.Random(20130524)
    sites = [name for name in PREFIXES if name != "parameters"]
    before = len(bucket.requests)
    connection = socket.create_connection(("127.0.0.1", gateway.port), 20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number, key in enumerate(keys(rng)):
        site, method = sites[number % len(sites)], "HEAD" if number % 11 == 0 else "GET"
        fields = {"If-None-Match": '"other",  "b"'} if number % 5 == 0 else {}
        connection.sendall(web.head(method, spelled(rng, key), f"{site}.localhost:{gateway.port}", fields))
        answer = web.read_answer(connection, method)
        assert answer.status == 200 and not bucket.faults, f"{key!r} {bucket.faults}\n{answer}"
        if method == "GET":
            assert answer.body.decode() == PREFIXES[site] + key
    connection.close()
    assert len(bucket.requests) - before == COUNT
