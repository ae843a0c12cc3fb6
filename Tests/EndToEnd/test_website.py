"""What a bucket is as a website: pages, folders, applications, errors, parts from elsewhere, and what answers say."""

import gzip
import hashlib
import http.server
import os
import threading
import time
import urllib.parse

import chromium
import postern
import pytest
import web
from conftest import s3_origin
from parts import process

LONG = b"".join(b"line %d of what is worth compressing\n" % number for number in range(3000))
SITE = {
    "index.html": b"<!doctype html><title>One</title><link rel=stylesheet href=style.css><h1>One</h1>"
                  b"<a id=next href=guide>Guide</a><script src=app.js></script>",
    "style.css": b"h1 { color: rgb(1, 2, 3); }\n",
    "app.js": b"document.body.dataset.ran = 'yes';\n",
    "guide/index.html": b"<!doctype html><title>Guide</title><h1>Guide</h1><a id=up href=../>up</a>"
                        b"<a id=lost href=nowhere>lost</a>",
    "about.html": b"<!doctype html><title>About</title>",
    "404.html": b"<!doctype html><title>Lost</title><h1>Nothing here, said the site</h1>",
    "403.html": b"<!doctype html><title>No entry</title><h1>Not for you, said the site</h1>",
    "staff/index.html": b"staff", "admin/index.html": b"admins", "public/page.html": b"<title>public</title>",
    "public/app.3f9a1c2b.js": b"1\n", "public/long.txt": LONG, "public/assets/a.js": b"2\n",
}
REPORTS = {"index.html": b"<title>Reports</title>", "2026/index.html": b"<title>2026</title>", "secret.txt": b"reports"}
APP = {
    "app.html": b"<!doctype html><title>App</title><h1></h1><script src=/assets/main.js></script>",
    "index.html": b"<!doctype html><title>App</title><h1></h1><script src=/assets/main.js></script>",
    "assets/main.js": b"document.querySelector('h1').textContent = 'at ' + location.pathname;\n",
}
PLAIN = b"/* " + LONG + b" */\n"
PACKED = {
    "app.js": PLAIN, "app.js.gz": gzip.compress(PLAIN), "app.js.br": b"not really Brotli, which nobody here reads",
    "lone.css": b"/* " + LONG + b" */", "old.txt": LONG, "old.txt.gz": gzip.compress(LONG),
    "small.css": b"h1 {}", "noise.png": hashlib.shake_128(b"noise").digest(20000),
    "noise.js": b"// " + hashlib.shake_128(b"noise").digest(600000).hex().encode(),
    "zeros.txt": bytes(20 << 20),
}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
SCRIPT = {"Sec-Fetch-Dest": "script", "Sec-Fetch-Mode": "no-cors", "Accept": "*/*"}
RULES = {"/public/**": "anyone", "/admin/**": "groups:nobody-has-it", "/closed/**": "nobody", "/**": "signed-in"}


class Leading(http.server.BaseHTTPRequestHandler):
    """A bucket whose objects lead where their names say, and which remembers what it was asked for."""

    asked = []

    LOCATIONS = {"/bucket/here": "/there?x=1", "/bucket/named": "https://www.example.com/a",
                 "/bucket/evil": "https://evil.example/", "/bucket/double": "//evil.example/",
                 "/bucket/auth": "/.auth/logout"}
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.asked.append(self.path)
        location = self.LOCATIONS.get(self.path)
        self.send_response(200 if location else 404)
        if location:
            self.send_header("x-amz-website-redirect-location", location)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "4" if location else "0")
        self.end_headers()
        if location and self.command == "GET":
            self.wfile.write(b"body")

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Websites:
    def __init__(self, daemon, port, leading):
        self.daemon, self.port, self.leading = daemon, port, leading

    def url(self, site, path="/"):
        return f"http://{site}.localhost:{self.port}{path}"

    def get(self, site, path, method="GET", headers=None):
        return web.request(self.port, path, host=f"{site}.localhost:{self.port}", method=method, headers=headers)


@pytest.fixture(scope="module")
def sites(build, weed, liar):
    for prefix, objects in (("web/one/", SITE), ("web/reports/", REPORTS), ("web/two/", {"index.html": b"two"}),
                            ("web/one-drafts/", {"draft.txt": b"draft"}), ("web/app/", APP)):
        for key, body in objects.items():
            weed.writer.put(prefix + key, body, TYPES.get(os.path.splitext(key)[1]))
    weed.writer.put("web/one/public/told.js", b"3\n", "text/javascript", cache_control="public, max-age=77")
    weed.writer.put("web/one/told.js", b"3\n", "text/javascript", cache_control="public, max-age=77")
    for key, body in PACKED.items():
        weed.writer.put("web/packed/" + key, body, TYPES.get(os.path.splitext(key)[1], "application/octet-stream"))
    weed.writer.put("web/packed/stays.css", LONG, "text/css", cache_control="max-age=5, no-transform")
    folder = os.path.join(build, "website-folder")
    for key, body in {**APP, **PACKED}.items():
        os.makedirs(os.path.dirname(os.path.join(folder, key)), exist_ok=True)
        with open(os.path.join(folder, key), "wb") as file:
            file.write(body)
    leading = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Leading)
    threading.Thread(target=leading.serve_forever, args=(0.05,), daemon=True).start()
    port, keys = process.free_port(), [postern.secret()]
    web.note(keys[0])
    site = lambda name, origin, **more: {"hosts": [f"{name}.localhost:{port}"], "origin": origin, **more}
    everyone = {"rules": {"/**": "anyone"}}
    bucket = {"bucket": "bucket", "region": "us-east-1", "addressing": "path", "access_key_id": "a",
              "secret_access_key": "b", "endpoint": f"http://127.0.0.1:{leading.server_port}"}
    daemon = postern.Postern(os.path.join(build, "website"), {
        "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "session_keys": keys,
        "providers": {"liar": {"issuer": liar.issuer, "client_id": "postern", "client_auth": "none"}},
        "origins": {
            "one": s3_origin(weed, prefix="web/one"), "two": s3_origin(weed, prefix="web/two/"),
            "reports": s3_origin(weed, prefix="web/reports/"), "app": s3_origin(weed, prefix="web/app/"),
            "packed": s3_origin(weed, prefix="web/packed/"), "folder": {"directory": folder},
            "leading": {"s3": bucket}, "inside": {"s3": {**bucket, "prefix": "in/side"}},
            "beside": {"s3": {**bucket, "prefix": "beside"}},
        },
        "sites": {
            "one": site("one", "one", provider="liar", rules=RULES, content={"forbidden": "/403.html"},
                        mounts={"/reports/": "reports", "/public/app/": "folder"},
                        cache_control={"/public/assets/**": "public, max-age=31536000, immutable",
                                       "/staff/**": "public, max-age=60"},
                        headers={"/**": {"X-Frame-Options": "DENY", "X-Site": "one"}, "/guide/**": {"X-Site": ""}}),
            "clean": site("clean", "one", content={"clean_urls": True}, **everyone),
            "two": site("two", "two", **everyone),
            "app": site("app", "app", content={"fallback": "/app.html"}, **everyone),
            **{f"packed-{origin}": site(f"packed-{origin}", origin, **everyone,
                                        content={"precompressed": ["br", "gzip"]}) for origin in ("packed", "folder")},
            "leading": site("leading", "leading", content={"redirect_origins": ["https://www.example.com"]},
                            **everyone),
            "inside": site("inside", "inside", mounts={"/m/": "beside"}, **everyone,
                           content={"clean_urls": True, "precompressed": ["br", "gzip"]}),
        }})
    yield Websites(daemon, port, leading)
    daemon.stop()
    leading.shutdown()
    leading.server_close()


@pytest.fixture(scope="module")
def person(sites, liar):
    liar.reset()
    browser = web.Browser()
    assert browser.open(sites.url("one")).status == 200
    return browser


def test_a_folder_is_led_to_its_slash_where_it_is_one(sites, person):
    answer = person.send(sites.url("one", "/guide?a=b"))
    assert (answer.status, answer.get("location")) == (302, "/guide/?a=b")
    assert person.send(sites.url("one", "/nowhere")).status == 404
    for path in ("//evil.example", "//evil.example/", "//evil.example/..", "/%2fevil.example", "/%5cevil.example"):
        answer = person.send(sites.url("one", path))
        assert answer.status == 400 and not answer.get("location"), str(answer)


def test_clean_urls_find_the_page_and_the_folder(sites):
    assert sites.get("clean", "/about").body == SITE["about.html"]
    assert sites.get("clean", "/guide").body == SITE["guide/index.html"]
    assert sites.get("clean", "/about.html").status == 200


def test_an_application_answers_navigations_alone(sites):
    for path in ("/users/7", "/a/b/", "/"):
        answer = sites.get("app", path, headers=web.NAVIGATION)
        assert (answer.status, answer.body) == (200, APP["app.html"]), path
    for path in ("/assets/gone.js", "/users/7"):
        answer = sites.get("app", path, headers=SCRIPT)
        assert answer.status == 404 and answer.get("content-type") == "text/plain; charset=utf-8", str(answer)
    answer = sites.get("app", "/assets/gone.png", headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
    assert answer.status == 404 and b"<" not in answer.body


def test_what_is_missing_has_the_site_s_page_and_a_script_has_none(sites, person):
    answer = person.send(sites.url("one", "/nowhere.html"))
    assert (answer.status, answer.body) == (404, SITE["404.html"]), str(answer)
    assert answer.get("cache-control") == "no-store" and not answer.get("etag")
    for headers in (SCRIPT, {"Accept": "*/*"}):
        answer = person.send(sites.url("one", "/gone.js"), navigation=False, headers=headers)
        assert answer.status == 404 and answer.get("content-type") == "text/plain; charset=utf-8", str(answer)
    assert person.send(sites.url("one", "/nowhere.html"), "HEAD").body == b""


def test_who_is_refused_sees_the_site_s_page_and_nobody_else_does(sites, person):
    answer = person.send(sites.url("one", "/admin/"))
    assert (answer.status, answer.body) == (403, SITE["403.html"]), str(answer)
    assert answer.get("cache-control") == "no-store" and answer.get("x-frame-options") == "DENY"
    assert not answer.get("etag") and not answer.get("last-modified")
    answer = person.send(sites.url("one", "/admin/x.js"), navigation=False, headers=SCRIPT)
    assert answer.status == 403 and SITE["403.html"] not in answer.body
    assert person.fetch(sites.url("one", "/admin/")).json()["error"] == "forbidden"
    assert sites.get("one", "/admin/", headers=web.NAVIGATION).status == 302
    for path in ("/closed/", "/admin/"):
        answer = sites.get("one", path, headers={"Accept": "application/json"})
        assert answer.status in (401, 403) and SITE["403.html"] not in answer.body
    answer = sites.get("one", "/closed/", headers=web.NAVIGATION)
    assert answer.status == 403 and SITE["403.html"] not in answer.body
    record = sites.daemon.records()
    assert [one["outcome"] for one in record if one.get("path") == "/admin/" and one.get("status") == 403]


def test_a_mount_has_its_own_origin_and_rules_look_at_the_path_asked_for(sites, person):
    assert person.send(sites.url("one", "/reports/")).body == REPORTS["index.html"]
    assert person.send(sites.url("one", "/reports/2026/")).body == REPORTS["2026/index.html"]
    assert person.send(sites.url("one", "/reports")).get("location") == "/reports/"
    assert person.send(sites.url("one", "/secret.txt")).status == 404
    assert person.send(sites.url("one", "/reports/style.css")).status == 404
    lost = person.send(sites.url("one", "/reports/nowhere"))
    assert (lost.status, lost.body) == (404, SITE["404.html"])
    assert sites.get("one", "/reports/secret.txt", headers={"Accept": "application/json"}).status == 401
    answer = sites.get("one", "/public/app/assets/main.js")
    assert (answer.status, answer.body) == (200, APP["assets/main.js"])


def test_sites_of_one_bucket_do_not_see_each_other(sites, person):
    assert sites.get("two", "/").body == b"two"
    for path in ("/style.css", "/one/style.css", "/web/one/style.css", "/../one/style.css", "/%2e%2e/one/style.css",
                 "/..%2fone/style.css", "/one-drafts/draft.txt", "/-drafts/draft.txt"):
        assert sites.get("two", path).status in (400, 404), path
    for path in ("-drafts/draft.txt", "/-drafts/draft.txt", "/../one-drafts/draft.txt", "/draft.txt"):
        if path.startswith("/"):
            assert person.send(sites.url("one", path)).status in (400, 404), path


def test_what_answers_say_of_caching(sites, person):
    anyone = lambda path: sites.get("one", path).get("cache-control")
    assert anyone("/public/page.html") == "no-cache"
    assert anyone("/public/app.3f9a1c2b.js") == "max-age=31536000, immutable"
    assert anyone("/public/assets/a.js") == "public, max-age=31536000, immutable"
    assert anyone("/public/told.js") == "public, max-age=77"
    assert anyone("/public/long.txt") is None
    private = lambda path: person.send(sites.url("one", path)).get("cache-control")
    assert private("/staff/") == "private, max-age=60"
    assert private("/told.js") == "private, max-age=77"
    assert private("/") == "private, no-cache"


def test_fields_of_the_site_go_with_its_content(sites, person):
    answer = person.send(sites.url("one", "/"))
    assert answer.get("x-frame-options") == "DENY" and answer.get("x-site") == "one"
    answer = person.send(sites.url("one", "/guide/"))
    assert answer.get("x-frame-options") == "DENY" and answer.get("x-site") is None
    tag = person.send(sites.url("one", "/")).get("etag")
    again = person.send(sites.url("one", "/"), headers={"If-None-Match": tag})
    assert again.status == 304 and again.get("x-site") == "one"


def test_an_object_leads_to_the_site_or_where_the_config_says(sites):
    for method in ("GET", "HEAD"):
        answer = sites.get("leading", "/here", method)
        assert (answer.status, answer.get("location"), answer.body) == (301, "/there?x=1", b""), str(answer)
        assert answer.get("cache-control") == "no-store"
    assert sites.get("leading", "/named").get("location") == "https://www.example.com/a"
    for path in ("/evil", "/double", "/auth"):
        answer = sites.get("leading", path)
        assert (answer.status, answer.body, answer.get("location")) == (200, b"body", None), str(answer)
        assert not [name for name, _ in answer.headers if name.lower().startswith("x-amz")]
    events = [one for one in sites.daemon.records() if one.get("message") == "an object leads where the site does not"]
    assert any("evil.example" in one["reason"] for one in events)


def test_more_answers_than_may_be_compressed_at_a_time_go_out_as_they_are(build):
    folder, port = os.path.join(build, "website-large"), process.free_port()
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "a.js"), "wb") as file:
        file.write(hashlib.shake_128(b"large").digest(8 << 20).hex().encode())
    host, fields = f"localhost:{port}", {"Accept-Encoding": "gzip"}
    with postern.Postern(os.path.join(build, "website-limit"), {
            "listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "workers": 1, "limits": {"compressions": 1},
            "origins": {"folder": {"directory": folder}},
            "sites": {"docs": {"hosts": [host], "origin": "folder", "rules": {"/**": "anyone"}}}}):
        with web.connect(port) as slow:
            slow.sendall(web.head("GET", "/a.js", host, fields))
            head = web.read_answer(slow, body=False)
            assert head.getheader("content-encoding") == "gzip"
            other = web.request(port, "/a.js", host=host, headers=fields)
            assert (other.get("content-encoding"), len(other.body)) == (None, 16 << 20)
            assert other.get("vary") == "Accept-Encoding" and head.getheader("etag") == "W/" + other.get("etag")
            head.close()
        end = time.monotonic() + 5
        while True:  # whoever has left gives the place back, and HTTP/1.0 knows the end by the connection's
            with web.connect(port) as old:
                old.sendall(web.head("GET", "/a.js", host, fields, version="HTTP/1.0"))
                answer = web.read_answer(old)
            if answer.get("content-encoding") or time.monotonic() > end:
                break
        with open(os.path.join(folder, "a.js"), "rb") as file:
            assert gzip.decompress(answer.body) == file.read() and answer.get("transfer-encoding") is None


def climbing_paths():
    """Ways out of a folder, as programs that decode once too often, or normalize, would read them."""
    dots = ["..", ".", "%2e%2e", ".%2E", "%2e.", "%252e%252e", "%25%32%65%2e", "%c0%ae%c0%ae", "%e0%80%ae.", "..;",
            "..%00", "..%20", "...", "%uff0e.", "%ef%bc%8e%ef%bc%8e", "..%09", "..%0a", "%2e%2e%3b", "..%23", "..%3f",
            ""]
    slashes = ["/", "%2f", "%2F", "%5c", "\\", "%252f", "%c0%af", "%e2%88%95", "//", "/./", ";/", "%2f%2f"]
    for dot in dots:
        for slash in slashes:
            for form in ("/{d}{s}x", "/a{s}{d}{s}{d}{s}x", "/a/{d}{s}", "/m{s}{d}{s}x", "/m/{d}", "/{s}{d}",
                         "/a{d}{s}x.js"):
                yield form.format(d=dot, s=slash)
    yield from ("/", "/?acl", "/x?list-type=2&prefix=secret", "/x?versionId=1", "/x%3Facl",
                "/x?response-content-type=a", "/x?X-Amz-Signature=1", "http://%s/../x", "/etc/passwd", "/bucket/in/x",
                "/in/side/x", "*", "x", "")


def test_no_path_leads_out_of_the_prefix(sites):
    """Whatever a path looks like, it ends below the prefix, or in 400 or 404, and no query reaches the bucket."""
    Leading.asked.clear()
    host, count = f"inside.localhost:{sites.port}", 0
    for path in climbing_paths():
        answer = sites.get("inside", path % host if "%s" in path else path, headers={"Accept-Encoding": "br, gzip"})
        assert answer.status in (400, 404), f"{path}: {answer}"
        count += 1
    assert count > 1500 and len(Leading.asked) > 500
    for path in Leading.asked:
        folder = "/bucket/in/side/" if path.startswith("/bucket/in/side/") else "/bucket/beside/"
        key = path.removeprefix(folder)
        assert path.startswith(folder) and "?" not in path and key, path
        decoded = urllib.parse.unquote(key)
        assert not {"", ".", ".."} & set(decoded.split("/")) and "\\" not in decoded, path


@pytest.fixture(params=["packed", "folder"])
def packed(request, sites):
    """Asks for a file as a client that takes some codings."""
    def get(path, codings=None, method="GET", **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return sites.get(f"packed-{request.param}", path, method, {
            **({"Accept-Encoding": codings} if codings is not None else {}), **fields})

    return get


def test_a_compressed_file_is_sent_to_those_who_take_it(packed):
    for codings, key, coding in [
            ("gzip, br", "app.js.br", "br"), ("gzip", "app.js.gz", "gzip"), ("br;q=0.5, gzip", "app.js.gz", "gzip"),
            ("br;q=0, gzip;q=0.1", "app.js.gz", "gzip"), ("*", "app.js.br", "br"), (None, "app.js", None),
            ("", "app.js", None), ("identity", "app.js", None), ("gzip;q=0", "app.js", None)]:
        answer = packed("/app.js", codings)
        assert (answer.status, answer.body, answer.get("content-encoding")) == (200, PACKED[key], coding), codings
        assert answer.get("content-type").startswith("text/javascript") and answer.get("vary") == "Accept-Encoding"
        assert answer.get("content-length") == str(len(PACKED[key])) and answer.get("accept-ranges") == "bytes"
        head = packed("/app.js", codings, "HEAD")
        mine = [(name.lower(), value) for name, value in answer.headers if name.lower() != "date"]
        assert mine == [(name.lower(), value) for name, value in head.headers if name.lower() != "date"], codings
        for known in ({"If_None_Match": answer.get("etag")}, {"If_Modified_Since": answer.get("last-modified")}):
            again = packed("/app.js", codings, **known)
            assert again.status == 304 and again.get("etag") == answer.get("etag"), known
        assert again.get("vary") == "Accept-Encoding"
        part = packed("/app.js", codings, Range="bytes=5-9", If_Range=answer.get("etag"))
        assert (part.status, part.body, part.get("content-encoding")) == (206, PACKED[key][5:10], coding), str(part)
    tags = {packed("/app.js", codings).get("etag") for codings in ("br", "gzip", None)}
    assert len(tags) == 3, "each has a tag of its own"


def test_where_there_is_no_compressed_file_it_is_compressed_on_its_way(packed):
    plain = packed("/lone.css")
    assert plain.body == PACKED["lone.css"] and plain.get("vary") == "Accept-Encoding"
    assert not plain.get("etag").startswith("W/") and plain.get("content-encoding") is None
    answer = packed("/lone.css", "gzip, br")
    assert (answer.status, answer.get("content-encoding"), answer.get("vary")) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(answer.body) == PACKED["lone.css"] and len(answer.body) * 3 < len(PACKED["lone.css"])
    assert answer.get("etag") == "W/" + plain.get("etag") and answer.get("last-modified") == plain.get("last-modified")
    assert answer.get("accept-ranges") is None and answer.get("content-length") is None
    head = packed("/lone.css", "gzip, br", "HEAD")
    skip = ("date", "transfer-encoding")
    assert [one for one in head.headers if one[0].lower() not in skip] == [
        one for one in answer.headers if one[0].lower() not in skip]


def test_versions_and_parts_of_what_is_compressed_on_its_way(packed):
    answer = packed("/lone.css", "gzip")
    for known in (answer.get("etag"), answer.get("etag").removeprefix("W/"), '"x", ' + answer.get("etag")):
        again = packed("/lone.css", "gzip", If_None_Match=known)
        assert (again.status, again.body) == (304, b""), known
        assert again.get("etag") == (answer.get("etag") if "W/" in known else known)
    assert packed("/lone.css", "gzip", If_Modified_Since=answer.get("last-modified")).status == 304
    part = packed("/lone.css", "gzip", Range="bytes=3-12")
    assert (part.status, part.body, part.get("content-encoding")) == (206, PACKED["lone.css"][3:13], None)
    assert part.get("etag") == answer.get("etag").removeprefix("W/") and part.get("vary") == "Accept-Encoding"
    whole = packed("/lone.css", "gzip", Range="bytes=3-12", If_Range=answer.get("etag"))
    assert whole.status == 200 and gzip.decompress(whole.body) == PACKED["lone.css"], "a weak tag holds for no range"
    assert packed("/lone.css", "gzip", Range="bytes=999999-").status == 416


@pytest.mark.parametrize("path", ["/small.css", "/noise.png", "/old.txt.gz"])
def test_what_is_small_or_compressed_in_itself_goes_out_as_it_is(packed, path):
    answer = packed(path, "gzip, br")
    assert (answer.body, answer.get("content-encoding")) == (PACKED[path[1:]], None)
    assert answer.get("content-length") == str(len(PACKED[path[1:]])) and not answer.get("etag").startswith("W/")


def test_a_bucket_that_forbids_it_is_heard(sites):
    answer = sites.get("packed-packed", "/stays.css", headers={"Accept-Encoding": "gzip"})
    assert (answer.body, answer.get("content-encoding")) == (LONG, None)
    fields = {"Accept-Encoding": "gzip", "Cache-Control": "no-transform"}
    answer = sites.get("packed-packed", "/lone.css", headers=fields)
    assert answer.get("content-encoding") is None


def test_much_that_grows_small_or_not_at_all_arrives_whole(packed):
    for path in ("/zeros.txt", "/noise.js"):
        answer = packed(path, "gzip")
        assert answer.get("content-encoding") == "gzip" and gzip.decompress(answer.body) == PACKED[path[1:]], path


def test_no_bucket_is_asked_for_compressed_pictures_and_missing_ones_are_no_event(sites):
    sites.get("packed-packed", "/noise.png", headers={"Accept-Encoding": "br, gzip"})
    sites.get("packed-packed", "/lone.css", headers={"Accept-Encoding": "br, gzip"})
    assert not [one for one in sites.daemon.records() if one.get("message") == "the origin denied access"]


@pytest.fixture
def browser(build, request):
    one = chromium.Chromium(os.path.join(build, "chromium", request.node.name),
                            pictures=os.path.join(build, "pictures", request.node.name))
    yield one
    one.close()


def test_a_person_walks_through_a_site_of_several_pages(browser, sites, liar):
    browser.open(sites.url("one"))
    assert browser.script("return document.title") == "One", "signed in on the way"
    assert browser.style("h1", "color") in ("rgb(1, 2, 3)", "rgba(1, 2, 3, 1)")
    assert browser.script("return document.body.dataset.ran") == "yes"
    browser.click("#next")
    browser.until(lambda: browser.script("return document.title") == "Guide")
    assert browser.url == sites.url("one", "/guide/"), "the folder's address has its slash"
    browser.click("#lost")
    browser.until(lambda: browser.script("return document.title") == "Lost")
    browser.open(sites.url("one", "/admin/"))
    assert browser.script("return document.title") == "No entry"
    browser.open(sites.url("one", "/reports"))
    assert browser.url == sites.url("one", "/reports/")


def test_a_browser_reads_what_was_compressed(browser, sites):
    browser.open(sites.url("packed-packed", "/old.txt"))
    for path in ("/lone.css", "/old.txt", "/noise.js"):
        digest = browser.ask("""
            const bytes = await (await fetch(args[0])).arrayBuffer();
            const digest = await crypto.subtle.digest("SHA-256", bytes);
            return [...new Uint8Array(digest)].map(x => x.toString(16).padStart(2, "0")).join("");""", path)
        assert digest == hashlib.sha256(PACKED[path[1:]]).hexdigest(), path
    sizes = browser.script("return performance.getEntriesByType('resource').map(e => [e.name, e.encodedBodySize, "
                           "e.decodedBodySize]).filter(e => e[0].endsWith('.css'))")
    assert sizes[0][1] * 3 < sizes[0][2], "it came compressed"


def test_a_deep_link_into_an_application_opens_it(browser, sites):
    for path in ("/users/7/edit?tab=2", "/", "/a/b/"):
        browser.open(sites.url("app", path))
        browser.until(lambda: browser.script("return document.querySelector('h1').textContent"))
        assert browser.script("return document.querySelector('h1').textContent") == "at " + path.split("?")[0]
    missing = browser.ask("const a = await fetch('/assets/gone.js'); return a.status + (await a.text()).slice(0, 1)")
    assert missing.startswith("404") and "<" not in missing
