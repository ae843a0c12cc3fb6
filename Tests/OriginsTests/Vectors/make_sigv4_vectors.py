"""Makes sigv4.json: requests signed by botocore, against which RequestSigner is compared.

    python3 make_sigv4_vectors.py > sigv4.json

botocore's own S3 client lays out the URL (its serialiser encodes the key, its rules choose the host),
and its S3SigV4Auth signs it. The seed is fixed: the same botocore gives the same file.
"""
import datetime, hashlib, json, random, sys, unicodedata
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth, botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials

rng = random.Random(20130524)

CREDENTIALS = [
    ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None),
    ("ASIAEXAMPLE000000001", "short", "FwoGZXIvYXdzEBYaDH//////////wEaDPa+x/==" + "Zm9vYmFy" * 40),
    ("rig:gateway", "S" * 100, None),
    ("AKIDRIGADMIN00000001", "rigAdminSecretKey/with+signs=0123456789AB", "token with  two spaces/+=="),
]
ENDPOINTS = [
    (None, "us-east-1"), (None, "eu-central-1"), (None, "ap-southeast-2"), (None, "us-gov-west-1"),
    ("http://127.0.0.1:8333", "us-east-1"), ("https://minio.example.com:9443", "garage"),
    ("https://storage.example.com", "auto"), ("http://s3.test", "eu-west-3"), ("http://[::1]:9000", "us-east-1"),
    ("https://example.com/storage/v1/s3", "local"),
]
BUCKETS = ["docs-private", "a-b-c", "site", "dotted.bucket.name", "bucket123456789012345678901234567890"]
DATES = ["20130524T000000Z", "19991231T235959Z", "20000229T120000Z", "20240229T235959Z", "20251231T235959Z",
         "20260101T000000Z", "20380119T031408Z", "21000301T010203Z"]
KEYS = [
    "a", "index.html", "dir/page.html", "deep/er/and/deep/er/file.tar.gz", "two words.txt", " leading", "trailing ",
    "plus+plus.txt", "100%", "%20", "%2F", "a%2fb", "%bad%file%name%", "~tilde~", "a&b=c", "a=b", "semi;colon",
    "colon:colon", "at@sign", "comma,comma", "dollar$", "star*star", "(paren)", "'single'", '"double"', "`back`",
    "!bang!", "#hash", "?question", "[brackets]", "{braces}", "|pipe|", "^caret", "<angle>", "'(1).txt",
    "%@!*()=$#^&|", "test$file.text", ".hidden", "a.b.c", "..a", "a..", "...", "a.../b", "dir/.well-known/x",
    "\u00e9", "e\u0301", "caf\u00e9/cre\u0301me", "\u4e2d\u6587/\u6587\u4ef6.txt", "\U0001f600.png",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467/family", "\u30ab\u30bf\u30ab\u30ca",
    "\u041a\u0438\u0440\u0438\u043b\u043b\u0438\u0446\u0430", "\u05e2\u05d1\u05e8\u05d9\u05ea b.txt", "\u00a0nbsp",
    "\u2028line", "\ufeffbom", "\ufffd", "\ud7ff\ue000", "\U0010ffff", "-dash-", "_under_", "A" * 1024,
    "\u4e2d" * 341, "%" * 300, "s" * 255 + "/" + "t" * 255,
]
ALPHABET = ("abcXYZ0189-_.~ +%&=?#;:@,$*()'\"!<>[]{}|^`" + "\u00e9\u00fc\u4e2d\u6587\u0416\u05d0\U0001f600\U0001f680e\u0301")
TAGS = ['"0123456789abcdef0123456789abcdef"', '"d41d8cd98f00b204e9800998ecf8427e-3"', '"a", "b"', "*", '"  two  spaces "']
DAYS = ["Fri, 24 May 2013 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"]


def random_key():
    while True:
        segments = ["".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, 14))) for _ in range(rng.randint(1, 4))]
        key = "/".join(segments)
        if not any(s in (".", "..") for s in segments) and len(key.encode()) <= 1024:
            return unicodedata.normalize(rng.choice(["NFC", "NFD"]), key)


def random_headers():
    headers = {}
    if rng.random() < 0.4:
        a = rng.randint(0, 10**rng.randint(1, 12))
        headers["range"] = rng.choice([f"bytes={a}-", f"bytes={a}-{a + rng.randint(0, 9999)}", f"bytes=-{a + 1}"])
    if rng.random() < 0.3:
        headers["if-none-match"] = rng.choice(TAGS)
    if rng.random() < 0.15:
        headers["if-match"] = rng.choice(TAGS)
    if rng.random() < 0.2:
        headers["if-modified-since"] = rng.choice(DAYS)
    if rng.random() < 0.1:
        headers["if-unmodified-since"] = rng.choice(DAYS)
    if rng.random() < 0.1:
        headers["content-type"] = rng.choice(["text/html", " text/html;  charset=utf-8 ", "a\tb"])
    if rng.random() < 0.1:
        headers["x-amz-meta-note"] = rng.choice(["x", "  spaces   within  ", "", "a  b\t\tc", "\u00e9"])
    if rng.random() < 0.05:
        headers["x-amz-zz"] = "behind the token"
    return headers


CLIENTS = {}


def laid_out(endpoint, region, style, bucket, key, method):
    """The URL that botocore's client sends for an object."""
    ident = (endpoint, region, style)
    if ident not in CLIENTS:
        CLIENTS[ident] = botocore.session.Session().create_client(
            "s3", region_name=region, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="y",
            config=Config(s3={"addressing_style": style}, retries={"max_attempts": 1, "mode": "standard"}))
    client = CLIENTS[ident]
    seen = []

    class Raw:
        def stream(self, *a, **k): return iter(())
        def read(self, *a, **k): return b""

    def capture(request, **kwargs):
        seen.append(request)
        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register("before-send.s3", capture)
    try:
        (client.head_object if method == "HEAD" else client.get_object)(Bucket=bucket, Key=key)
    finally:
        client.meta.events.unregister("before-send.s3", capture)
    return seen[-1].url


def sign(method, url, headers, credentials, region, stamp, payload):
    request = AWSRequest(method=method, url=url, headers=dict(headers))
    if payload == "UNSIGNED-PAYLOAD":
        request.context["client_config"] = None
        request.context["payload_signing_enabled"] = False
    auth = botocore.auth.S3SigV4Auth(Credentials(*credentials), "s3", region)
    moment = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    canonical = []
    original = auth.canonical_request
    auth.canonical_request = lambda r: canonical.append(original(r)) or canonical[-1]
    # Newer releases read the clock through a function of their own, older ones through datetime.
    if hasattr(botocore.auth, "get_current_datetime"):
        patch = mock.patch.object(botocore.auth, "get_current_datetime", lambda *a, **k: moment)
    else:
        patch = mock.patch.object(botocore.auth.datetime, "datetime", mock.Mock(utcnow=lambda: moment))
    with patch, mock.patch.object(auth, "payload", lambda r: payload or hashlib.sha256(b"").hexdigest()):
        auth.add_auth(request)
    authorization = request.headers["Authorization"]
    return canonical[-1], authorization.rsplit("Signature=", 1)[1], request.headers["X-Amz-Date"]


def main():
    rows = []
    keys = KEYS + [random_key() for _ in range(480)]
    for number, key in enumerate(keys):
        endpoint, region = ENDPOINTS[number % len(ENDPOINTS)]
        style = rng.choice(["virtual", "path"])
        bucket = rng.choice(BUCKETS)
        who = rng.randrange(len(CREDENTIALS))
        method = rng.choice(["GET", "GET", "HEAD"])
        prefix = rng.choice(["", "", "", "site/", "a b/\u00fc/"])
        if len((prefix + key).encode()) > 1024:
            prefix = ""
        headers = random_headers()
        payload = rng.choice(["", "", "", "UNSIGNED-PAYLOAD"])
        stamp = rng.choice(DATES)
        if endpoint and endpoint.startswith("http://s3.test") is False and style == "virtual" and (
                "127.0.0.1" in endpoint or "::1" in endpoint):
            style = "path"
        if "." in bucket and (endpoint or "https").startswith("https"):
            style = "path"
        url = laid_out(endpoint, region, style, bucket, prefix + key, method)
        canonical, signature, sent = sign(method, url, headers, CREDENTIALS[who], region, stamp, payload)
        assert sent == stamp, (sent, stamp)
        parts = urlsplit(url)
        amazon = "s3.amazonaws.com" if region == "us-east-1" else "s3.%s.amazonaws.com" % region
        rows.append({
            "method": method, "endpoint": endpoint or "https://" + amazon, "region": region,
            "addressing": style, "bucket": bucket, "prefix": prefix, "key": key, "credentials": who,
            "headers": headers, "payload": payload or None, "date": stamp,
            "unix": int(datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
                        .replace(tzinfo=datetime.timezone.utc).timestamp()),
            "path": hashlib.sha256(parts.path.encode()).hexdigest() if len(parts.path) > 300 else parts.path,
            "host": parts.netloc,
            "canonical": hashlib.sha256(canonical.encode()).hexdigest(), "signature": signature,
        })
    json.dump({
        "botocore": botocore.__version__,
        "credentials": [{"id": i, "secret": s, "token": t} for i, s, t in CREDENTIALS],
        "requests": rows,
    }, sys.stdout, indent=0, ensure_ascii=True, sort_keys=True)
    print()


main()
