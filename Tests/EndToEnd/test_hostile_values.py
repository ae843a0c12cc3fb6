"""A thousand bytes of anything in every parameter that comes from outside: no redirect leaves the site, and nothing is
Postern's own mistake. The values are made from a seed, so that a failure can be had again."""

import os
import random
import re
import urllib.parse

import pytest
import web
from lying_provider import LyingProvider
from identity_rig import Rig

SIZE = 1000
ROUNDS = int(os.environ.get("POSTERN_TEST_ROUNDS", 60))
PIECES = [
    "//evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test/", "javascript:alert(1)", "data:text/html,x", "@evil.test",
    "/.auth/logout", "/..", "/%2e%2e", "/.", ";", "#", "?", "&", "=", "%", "%%", "%0", "%zz", "%00", "%0d%0aLocation:%20//evil.test",
    "%0d%0a%0d%0a<script>alert(1)</script>", "%09", "%5c", "%2f", "%252f", "%25252f%25252fevil.test", "%c0%af", "%ed%a0%80",
    "%f4%90%80%80", "%ff", "%e2%80%ae", "%ef%bc%8f", "<script>alert(1)</script>", "\"'><img src=x>", "{account}", "{site}", "..;/",
    "[::1]", "localhost", "a.localhost", "+", " ", "\t", "|", "^", "`", "\x7f", "é", "中", "😀", "\u2028", "(select 1)", "${jndi:x}",
    "A" * 50, "=" * 20, ".", "-_", "eyJhbGciOiJub25lIn0.", "true", "null", "0", "-1", "9" * 30, "1e309", "state", "code", "iss",
]


def value(random):
    """About a thousand bytes as they stand in a URL, hardly ever well formed."""
    out = "".join(random.choices(["/", "", "//", "/\\", "https:"], [6, 3, 1, 1, 1]))
    style = random.random()
    while len(out.encode()) < SIZE:
        if style < 0.4:
            piece = random.choice(PIECES)
            out += urllib.parse.quote(piece, safe="%") if random.random() < 0.7 else piece
        elif style < 0.7:
            out += f"%{random.randrange(256):02x}"
        elif style < 0.85:
            out += chr(random.randrange(0x21, 0x7f))
        else:
            out += random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    return out


def in_a_request_line(text):
    """Without what would end the line or split it: that is no value any more, and has its tests elsewhere."""
    return re.sub(r"[\x00-\x20]", lambda one: f"%{ord(one[0]):02x}", text)


@pytest.fixture(scope="module")
def rig(build, folder):
    provider = LyingProvider({"postern": None, "other": None})
    one = Rig(os.path.join(build, "hostile-values"), folder, provider)
    yield one
    one.stop()
    provider.stop()


def assert_harmless(rig, answer, given, may_go_to_the_provider=False):
    assert 300 <= answer.status < 500, (given, str(answer))
    assert len(answer.all("location")) <= 1 and not [one for one, _ in answer.headers if one.lower() == "refresh"], given
    if answer.get("location") is not None:
        seen = re.sub(r"[\t\r\n]", "", answer.get("location").strip("".join(map(chr, range(0x21))))).replace("\\", "/")
        end = urllib.parse.urlsplit(urllib.parse.urljoin(rig.url(), seen))
        at_home = end.scheme == "http" and end.netloc == rig.host() and not end.path.lower().startswith("/.auth")
        at_provider = may_go_to_the_provider and seen.startswith(rig.provider.issuer + "/authorize?")
        assert at_home or at_provider, (given, answer.get("location"))
    assert "<script" not in answer.text and "<img" not in answer.text, given
    links = re.findall(r'(?:href|action|url)="?=?([^"\s>]*)', answer.text)
    assert all(link.startswith("/") and not link.startswith(("//", "/\\")) for link in links), (given, links)


@pytest.mark.parametrize("seed", range(4))
def test_a_return_to_of_anything_leads_nowhere_else(rig, seed):
    maker, browser = random.Random(seed), web.Browser()
    browser.send(rig.url("/hello.txt"))
    for number in range(ROUNDS):
        given = in_a_request_line(value(maker))
        target = "/.auth/login?return_to=" + given
        answer = raw(rig, browser, target)
        assert_harmless(rig, answer, (seed, number, given), may_go_to_the_provider=True)
        if answer.status == 302:
            ended = browser.send(browser.send(answer.location).location)
            assert ended.status == 302
            assert_harmless(rig, ended, (seed, number, given))
    assert rig.is_alive()


def raw(rig, browser, target):
    """The target's bytes as they are."""
    with web.connect(rig.port) as connection:
        lines = [f"GET {target} HTTP/1.1", f"Host: {rig.host()}", "Accept: text/html", "Connection: close",
                 f"Cookie: {browser.cookie_header(rig.url())}"]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"))
        answer = web.read_answer(connection, url=rig.url())
    for line in answer.all("set-cookie"):
        web.note(web.parse_set_cookie(line)[1].value)
    return answer


@pytest.mark.parametrize("seed", range(4))
def test_a_callback_of_anything_is_a_page_with_a_way_on(rig, seed):
    maker = random.Random(1000 + seed)
    for number in range(ROUNDS):
        browser, callback = rig.begun()
        good = web.query(callback)
        # Each parameter is good, or anything, or good with a byte changed, or there twice, or not there.
        pairs = []
        for name in ("state", "code", "iss"):
            for _ in range(maker.choices([0, 1, 2], [1, 8, 1])[0]):
                own = good.get(name, rig.provider.issuer)
                kind = maker.random()
                if kind < 0.35:
                    text = own
                elif kind < 0.5:
                    place = maker.randrange(len(own))
                    text = own[:place] + in_a_request_line(maker.choice(PIECES)) + own[place + 1:]
                else:
                    text = in_a_request_line(value(maker))
                pairs.append(f"{name}={text}")
        if maker.random() < 0.2:
            pairs.append("error=" + in_a_request_line(value(maker)))
        if maker.random() < 0.2:
            pairs.append("error_description=" + in_a_request_line(value(maker)))
        maker.shuffle(pairs)
        given = "&".join(pairs)
        answer = raw(rig, browser, "/.auth/callback?" + given)
        assert_harmless(rig, answer, (seed, number, given))
        assert answer.status in (302, 400, 403, 414), (seed, number, str(answer))
        if answer.status == 302:
            assert answer.get("location") == "/hello.txt"
    assert rig.is_alive()


def test_nothing_of_it_was_a_mistake_of_postern_s_own(rig):
    records = rig.daemon.records()
    assert len(records) > 100
    assert not [one for one in records if one.get("outcome") in ("internal_error",) or one.get("status", 0) >= 500]
