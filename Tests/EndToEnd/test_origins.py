"""The same questions to every kind of origin: SeaweedFS path-style and by the bucket's own host name, OpenStack Swift's
S3 API, `rclone serve s3`, and a folder. Where a server falls short of S3, `SHORTFALLS` says in what."""

import email.utils
import hashlib
import os
import sys
import urllib.parse

import postern
import pytest
import web
from conftest import BIG, OBJECTS, ODD_KEYS, TYPES, s3_origin
from parts import openstack_swift, process, rclone
from paths import LITERAL, REFUSED

# By server and test: what it does otherwise than S3, and what no gateway can mend.
SHORTFALLS = {
    ("swift", "test_an_object_says_that_it_has_ranges"): "has them, and does not say so (Accept-Ranges)",
    ("swift", "test_a_range_past_the_end_is_told_the_size"): "a 416 does not tell the size (Content-Range)",
    ("rclone", "test_a_range_past_the_end_is_told_the_size"): "a 416 does not tell the size (Content-Range)",
}


@pytest.fixture(scope="module")
def stores(build, weed):
    """A daemon before the other servers, with the suite's objects in each, and before a part of each with a prefix."""
    servers = {"swift": openstack_swift.OpenStackSwift(os.path.join(build, "openstack-swift"))}
    try:
        servers["rclone"] = rclone.Rclone(os.path.join(build, "rclone"), python=sys.executable)
        for server in servers.values():
            web.note(server.secret_key)
            for key, body in OBJECTS.items():
                server.writer.put(key, body, TYPES.get(os.path.splitext(key)[1], "application/octet-stream"))
        folder = os.path.join(build, "walled-folder")
        for server in (weed, *servers.values()):
            fill(server.writer.put)
        fill(lambda key, body: write(os.path.join(folder, key), body))
        port = process.free_port()
        origins = {name: s3_origin(server) for name, server in servers.items()}
        for name, server in {"path": weed, **servers}.items():
            origins[f"{name}-inside"] = s3_origin(server, prefix="walled/inside")
        origins["swift-elsewhere"] = s3_origin(servers["swift"], region="eu-north-1")
        origins["directory-inside"] = {"directory": os.path.join(folder, "walled/inside")}
        daemon = postern.Postern(os.path.join(build, "stores"), {
            "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "origins": origins,
            "sites": {name: {"hosts": [f"{name}.localhost:{port}"], "origin": name, "rules": {"/**": "anyone"},
                             "content": {"not_found": "/404.html"}} for name in origins}})
        try:
            yield lambda site, target, **options: web.request(port, target, host=f"{site}.localhost:{port}", **options)
        finally:
            daemon.stop()
    finally:
        for server in servers.values():
            server.stop()


def fill(put):
    """What is inside the prefix says so, and what must not be reached says that it is outside."""
    for key in LITERAL.values():
        put("walled/inside/" + key, b"inside " + key.encode())
    for key in ("secret", "x", "k", "b", "other/k", "etc/passwd", "inside-not/x"):
        put("walled/" + key, b"outside")


def write(path, body):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target:
        target.write(body)


@pytest.fixture(params=["path", "virtual", "directory", "swift", "rclone"])
def get(request):
    kind = request.param
    reason = SHORTFALLS.get((kind, request.node.originalname))
    if reason:
        request.applymarker(pytest.mark.xfail(reason=f"{kind}: {reason}", strict=True))
    if kind in ("swift", "rclone"):
        ask = request.getfixturevalue("stores")
    else:
        ask = request.getfixturevalue("gateway").request
    return lambda target, **options: ask(kind, target, **options)


def assert_clean(answer):
    """Nothing of the store's own shows."""
    names = {name.lower() for name, _ in answer.headers}
    leaked = [name for name in names if name.startswith(("x-amz", "seaweed", "x-seaweed")) or name == "server"]
    assert not leaked, str(answer)
    assert b"<Error>" not in answer.body and b"NoSuchKey" not in answer.body and b"<?xml" not in answer.body


def test_an_object_comes_as_it_is(get):
    answer = get("/hello.txt")
    assert (answer.status, answer.body) == (200, OBJECTS["hello.txt"])
    assert answer.get("content-length") == "24" and answer.get("content-type", "").startswith("text/plain")
    assert answer.get("etag") and answer.get("last-modified")
    assert_clean(answer)


def test_an_object_says_that_it_has_ranges(get):
    assert get("/hello.txt").get("accept-ranges") == "bytes"


@pytest.mark.parametrize("path,key", [("/", "index.html"), ("/sub/", "sub/index.html")])
def test_a_folder_answers_with_its_index_page(get, path, key):
    answer = get(path)
    assert (answer.status, answer.body) == (200, OBJECTS[key])
    assert answer.get("content-type", "").startswith("text/html")


def test_a_folder_without_its_slash_is_found_or_led_to(get):
    answer = get("/sub")
    assert answer.status in (301, 302, 307, 308, 404), str(answer)
    if answer.status != 404:
        assert urllib.parse.urlsplit(answer.location).path == "/sub/"


@pytest.mark.parametrize("path,kind", [
    ("/style.css", "text/css"), ("/data.json", "application/json"), ("/picture.svg", "image/svg+xml"),
    ("/index.html", "text/html"), ("/big.bin", "application/octet-stream"),
])
def test_content_types(get, path, kind):
    assert get(path, method="HEAD").get("content-type", "").startswith(kind)


@pytest.mark.parametrize("path", ["/no-such-thing.txt", "/no/such/folder/", "/sub/nothing.html"])
def test_what_is_not_there_is_a_clean_page_of_the_site(get, path):
    answer = get(path)
    assert answer.status == 404 and b"Nothing here, said the site" in answer.body, str(answer)
    assert_clean(answer)


def test_what_is_not_there_by_head_has_no_body(get):
    answer = get("/no-such-thing.txt", method="HEAD")
    assert (answer.status, answer.body) == (404, b"")
    assert_clean(answer)


@pytest.mark.parametrize("site", ["denied", "gone"])
def test_a_store_that_refuses_or_is_gone_ends_in_a_clean_page(gateway, site):
    answer = gateway.request(site, "/hello.txt", headers=web.NAVIGATION)
    assert answer.status in ((403, 404, 502) if site == "denied" else (502, 503, 504)), str(answer)
    assert_clean(answer)
    assert answer.get("cache-control") == "no-store"


def test_a_prefix_is_put_before_every_key(gateway):
    assert gateway.request("prefix", "/hello.txt").body == OBJECTS["hello.txt"]
    assert gateway.request("prefix", "/").body == OBJECTS["index.html"]
    assert gateway.request("prefix", "/style.css").status == 404


def test_head_says_the_length_and_sends_nothing(get):
    answer = get("/big.bin", method="HEAD")
    assert (answer.status, answer.body, answer.get("content-length")) == (200, b"", str(len(BIG)))


def test_an_empty_object(get):
    answer = get("/empty.txt")
    assert (answer.status, answer.body, answer.get("content-length")) == (200, b"", "0")


def test_a_large_object_has_its_checksum(get):
    assert hashlib.sha256(get("/big.bin").body).digest() == hashlib.sha256(BIG).digest()


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_come_out_right(get, key):
    answer = get("/" + urllib.parse.quote(key, safe="/"))
    assert (answer.status, answer.body) == (200, key.encode()), str(answer)


@pytest.mark.parametrize("target", [
    "/odd/plus+sign.txt", "/odd/tilde%7E.txt", "/odd/and&amp.txt", "/odd/a=b;c,d@e$f!.txt", "/odd/star*.txt",
    "/odd/colon:x.txt", "/%6fdd/tilde~.txt", "/odd/%C3%A9t%c3%a9%20%E2%80%93%20%E4%B8%AD%E6%96%87%20%F0%9F%98%80.txt",
])
def test_other_spellings_of_a_path_mean_the_same_key(get, target):
    answer = get(target)
    assert (answer.status, answer.body) == (200, urllib.parse.unquote(target[1:]).encode()), str(answer)


@pytest.mark.parametrize("target", [
    "/../etc/passwd", "/sub/../hello.txt", "/%2e%2e/hello.txt", "/sub/%2e%2e/hello.txt", "/sub/..%2fhello.txt",
    "/./hello.txt", "/a%00b", "/a%5cb", "/%ff%fe",
])
def test_a_path_that_climbs_or_hides_is_refused(get, target):
    answer = get(target)
    assert answer.status in (400, 404), str(answer)
    assert OBJECTS["hello.txt"] not in answer.body
    assert_clean(answer)


def test_another_region_than_the_buckets_is_refused(stores):
    """By the one server here that looks."""
    assert stores("swift-elsewhere", "/hello.txt").status == 502
    assert stores("swift", "/hello.txt").status == 200


@pytest.mark.parametrize("kind", ["path", "swift", "rclone", "directory"])
def test_no_path_leads_out_of_the_prefix(stores, kind):
    for target in REFUSED:
        answer = stores(f"{kind}-inside", target)
        assert answer.status in (400, 404, 421) and b"outside" not in answer.body, f"{target}\n{answer}"
    for target, key in LITERAL.items():
        answer = stores(f"{kind}-inside", target)
        assert (answer.status, answer.body) == (200, b"inside " + key.encode()), f"{target}\n{answer}"


@pytest.mark.parametrize("field,first,last", [
    ("bytes=0-3", 0, 3), ("bytes=5-", 5, 23), ("bytes=-4", 20, 23), ("bytes=0-999", 0, 23), ("bytes=23-23", 23, 23),
])
def test_a_range(get, field, first, last):
    answer = get("/hello.txt", headers={"Range": field})
    assert (answer.status, answer.body) == (206, OBJECTS["hello.txt"][first:last + 1]), str(answer)
    assert answer.get("content-range") == f"bytes {first}-{last}/24"
    assert answer.get("content-length") == str(last - first + 1)


def test_a_range_of_a_large_object(get):
    answer = get("/big.bin", headers={"Range": "bytes=4000000-5999999"})
    assert answer.status == 206 and answer.body == BIG[4000000:6000000]


def test_a_range_past_the_end(get):
    answer = get("/hello.txt", headers={"Range": "bytes=9999-"})
    assert answer.status == 416, str(answer)
    assert_clean(answer)


def test_a_range_past_the_end_is_told_the_size(get):
    assert get("/hello.txt", headers={"Range": "bytes=9999-"}).get("content-range") == "bytes */24"


@pytest.mark.parametrize("field", ["bytes=0-1,4-5", "lines=1-2", "bytes=x-y", "bytes=5-2"])
def test_ranges_that_are_not_served_give_the_whole(get, field):
    answer = get("/hello.txt", headers={"Range": field})
    if answer.status == 206:
        assert field == "bytes=0-1,4-5" and answer.get("content-type", "").startswith("multipart/byteranges")
    else:
        assert (answer.status, answer.body) == (200, OBJECTS["hello.txt"]), str(answer)


def test_what_has_not_changed_is_304(get):
    tag = get("/hello.txt").get("etag")
    strong = tag.removeprefix("W/")
    for field in (tag, f"W/{strong}", f'"other", {strong}', f'"other",W/{strong}', "*"):
        answer = get("/hello.txt", headers={"If-None-Match": field})
        assert (answer.status, answer.body) == (304, b""), f"{field}\n{answer}"
        assert answer.get("etag", "").removeprefix("W/") == strong
        assert_clean(answer)


def test_what_has_changed_comes(get):
    answer = get("/hello.txt", headers={"If-None-Match": '"other"'})
    assert (answer.status, answer.body) == (200, OBJECTS["hello.txt"])


def test_if_modified_since(get):
    date = get("/hello.txt").get("last-modified")
    assert get("/hello.txt", headers={"If-Modified-Since": date}).status == 304
    old = email.utils.format_datetime(email.utils.parsedate_to_datetime("Mon, 02 Jan 2006 15:04:05 GMT"), usegmt=True)
    assert get("/hello.txt", headers={"If-Modified-Since": old}).status == 200
    assert get("/hello.txt", headers={"If-Modified-Since": "no date"}).status == 200


def test_a_tag_weighs_more_than_a_date(get):
    date = get("/hello.txt").get("last-modified")
    answer = get("/hello.txt", headers={"If-None-Match": '"other"', "If-Modified-Since": date})
    assert answer.status == 200


def test_if_range(get):
    tag = get("/hello.txt").get("etag")
    part = get("/hello.txt", headers={"Range": "bytes=0-3", "If-Range": tag})
    assert (part.status, part.body) == (206, b"Hell")
    whole = get("/hello.txt", headers={"Range": "bytes=0-3", "If-Range": '"other"'})
    assert (whole.status, whole.body) == (200, OBJECTS["hello.txt"]), str(whole)


def test_if_range_by_date(get):
    date = get("/hello.txt").get("last-modified")
    whole = get("/hello.txt", headers={"Range": "bytes=0-3", "If-Range": "Mon, 02 Jan 2006 15:04:05 GMT"})
    assert (whole.status, whole.body) == (200, OBJECTS["hello.txt"]), str(whole)
    assert get("/hello.txt", headers={"Range": "bytes=0-3", "If-Range": date}).status in (200, 206)


@pytest.mark.parametrize("query", ["versionId=null", "acl", "uploads", "list-type=2", "response-content-type=text/evil",
                                   "X-Amz-Signature=1", "a=1&b=%20"])
def test_no_query_reaches_the_store(get, query):
    for path, key in (("/hello.txt", "hello.txt"), ("/", "index.html")):
        answer = get(f"{path}?{query}")
        assert (answer.status, answer.body) == (200, OBJECTS[key]), str(answer)
        assert "evil" not in answer.get("content-type", "")


def test_many_requests_share_few_connections_to_the_store(gateway, weed):
    """The connections are kept: a hundred requests do not leave a hundred connections behind."""
    table = lambda: sum(1 for line in open("/proc/net/tcp", encoding="ascii")
                        if line.split()[2].endswith(f":{weed.port:04X}") and line.split()[3] in ("01", "06", "08"))
    before = table()
    for _ in range(100):
        assert gateway.request("path", "/hello.txt").status == 200
    assert table() - before < 20


def test_private_content_is_never_public_to_caches(gateway):
    browser = gateway.signed_in()
    for path in ("/", "/hello.txt", "/style.css"):
        control = browser.send(gateway.url("liar", path)).get("cache-control", "")
        assert "public" not in control and ("private" in control or "no-store" in control), f"{path}: {control!r}"
