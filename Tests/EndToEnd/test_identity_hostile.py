"""Who somebody is, when they would rather be somebody else: sign-ins, sessions and keys under attack, at a daemon and
a provider of this file's own."""

import concurrent.futures
import json
import os
import re
import time
import urllib.parse

import postern
import pytest
import web
from identity_rig import API, Rig, assert_way_on, bearer, eventually
from lying_provider import ALICE, BOB, Key, LyingProvider, encode
from parts import process

COOLDOWN = 30
"""Seconds between two fetches of the keys that tokens of strangers can cause."""


@pytest.fixture(scope="module")
def shared(build, folder):
    """One rig for the tests that leave no trace."""
    provider = LyingProvider({"postern": None, "other": None})
    one = Rig(os.path.join(build, "identity-shared"), folder, provider)
    yield one
    one.stop()
    provider.stop()


# Callbacks


def test_a_bad_callback_with_a_token_of_an_unknown_key_is_answered_once(rig, provider):
    """The callback looks for a session to go on with; that must not answer the request a second time."""
    _, back = rig.begun()
    target = back.partition(rig.host())[2]
    for _ in range(3):
        answer = rig.send(target, headers={**web.NAVIGATION, **bearer(provider.token(key=Key("made-up")))})
        assert 400 <= answer.status < 500
    time.sleep(0.3)
    assert rig.is_alive()


def test_a_bad_callback_with_a_session_whose_key_is_withdrawn_is_answered_once(rig, provider):
    browser = rig.signed_in()
    provider.signing = Key()
    provider.published = [provider.signing]
    rig.signed_in()  # shows the daemon the new keys
    _, foreign = rig.begun()
    assert_way_on(browser.send(foreign))
    time.sleep(0.3)
    assert rig.is_alive()


def test_the_same_callback_twice_at_once_exchanges_its_code_once(rig, provider):
    browser, back = rig.begun()
    before = provider.count("/token")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser.clone().send(back), range(8)))
    assert provider.count("/token") == before + 1
    assert [one.status for one in answers].count(302) >= 1
    for one in answers:
        if one.status != 302:
            assert_way_on(one)


def test_a_callback_replayed_without_a_session_is_a_page_and_no_second_exchange(rig, provider):
    browser, back = rig.begun()
    twin = browser.clone()
    assert browser.send(back).status == 302
    before = provider.count("/token")
    assert_way_on(twin.send(back))
    assert provider.count("/token") == before


def test_a_bookmarked_callback_of_a_signed_in_browser_goes_to_the_page(rig, provider):
    browser, back = rig.begun("/hello.txt?x=1")
    assert browser.send(back).status == 302
    before = provider.count("/token")
    answer = browser.send(back)
    assert answer.status == 302 and answer.get("location") == "/hello.txt?x=1" and provider.count("/token") == before


def test_a_sign_in_of_somebody_else_is_not_taken_up(rig, provider):
    """Login CSRF: an attacker's callback in a victim's browser, with and without a binding cookie of its own."""
    _, attackers = rig.begun()
    before = provider.count("/token")
    assert_way_on(web.Browser().send(attackers))
    victim = web.Browser()
    victim.send(rig.url("/hello.txt"))
    assert_way_on(victim.send(attackers))
    assert provider.count("/token") == before and not [one for one in rig.jar(victim) if one == "postern"]


def test_an_expired_state_is_a_page_that_does_not_go_on_by_itself(build, folder, provider):
    """With clocks that differ between instances, going on by itself would never end."""
    rig = Rig(os.path.join(build, "identity-expired"), folder, provider, limits={"login_state_lifetime": "1s"})
    try:
        browser, back = rig.begun("/hello.txt?expired")
        time.sleep(2.1)
        answer = browser.send(back)
        assert_way_on(answer)
        assert "http-equiv" not in answer.text and "/.auth/login?return_to=%2Fhello.txt%3Fexpired" in answer.text
        assert provider.count("/token") == 0
    finally:
        rig.stop()


@pytest.mark.parametrize("query", [
    "", "?", "?&", "?&&&", "?=", "?=&=", "?code", "?state", "?code&state", "?code=&state=", "?error", "?error=&state=x",
    "?state=a%00b&code=x", "?code=x&state=%F0%28%8C%28", "?code[]=x&state[]=y", "?CODE=x&STATE=y", "?code=x&state=AAAA",
    "?error=x&state=" + "B" * 3000, "?iss=&code=x&state=y", "?%63ode=x&stat%65=y", "?code=x&state=%ff",
])
def test_a_callback_of_nonsense_is_a_page(shared, query):
    answer = shared.send("/.auth/callback" + query, headers=web.NAVIGATION)
    assert_way_on(answer, 400)
    reference = re.search(r"Reference <code>(\w+)</code>", answer.text)[1]
    lines = lambda: [one for one in shared.daemon.records() if one.get("reference") == reference]
    eventually(lambda: any(one.get("status") == 400 and one.get("outcome") == "sign_in_failed" for one in lines()), 3)
    assert any(one.get("reason") for one in lines()), "the operator learns nothing of why"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_a_callback_is_a_get(shared, method):
    answer = shared.send("/.auth/callback?code=x&state=y", method=method, headers={"Content-Length": "0"})
    assert answer.status == 405 and answer.get("allow") == "GET" and answer.get("cache-control") == "no-store"


def test_an_iss_of_another_issuer_ends_the_sign_in_before_the_exchange(rig, provider):
    """RFC 9207: a mix-up."""
    for iss in ("https://evil.test", provider.issuer + "/", "", provider.issuer.upper()):
        provider.change_answer = lambda answer: {**answer, "iss": iss}
        browser, back = rig.begun()
        before = provider.count("/token")
        assert_way_on(browser.send(back))
        assert provider.count("/token") == before
    provider.change_answer = lambda answer: {**answer, "iss": provider.issuer}
    rig.signed_in()


def test_a_stranger_cannot_have_a_sign_in_of_one_site_end_at_another(rig):
    browser, back = rig.begun(site="a")
    for site in ("b", "c"):
        browser.cookies[rig.host(site).split(":")[0]] = dict(rig.jar(browser, "a"))
        assert_way_on(browser.send(back.replace(rig.host("a"), rig.host(site))))


def test_the_provider_is_asked_for_another_account_only_where_that_was_wanted(rig):
    asked = lambda path: web.query(web.Browser().send(rig.url(path)).location)
    assert "prompt" not in asked("/hello.txt")
    assert asked("/.auth/login?prompt=select_account")["prompt"] == "select_account"
    for value in ("none", "consent", "select_account%20consent", "x&scope=admin"):
        fields = asked("/.auth/login?prompt=" + value)
        assert "prompt" not in fields and fields["scope"] == "openid email profile"
    assert asked("/.auth/login?scope=admin&redirect_uri=https://evil.test")["redirect_uri"] == rig.url("/.auth/callback")


# Keys


def withdraw(rig, provider):
    """The provider takes its key away, and a sign-in shows the daemon."""
    provider.signing = Key()
    provider.published = [provider.signing]
    return rig.signed_in()


def test_a_withdrawn_key_ends_its_sessions_also_after_their_tokens_are_over(rig, provider):
    """The token of the first session is over before anybody shows the session again."""
    provider.lifetime = 3
    shown, unseen = rig.signed_in(), rig.signed_in()
    copy = unseen.clone()
    provider.lifetime = 3600
    withdraw(rig, provider)
    assert shown.send(rig.url("/hello.txt")).status == 302
    time.sleep(3.2)
    for _ in range(4):  # whichever worker answers
        assert copy.clone().send(rig.url("/hello.txt")).status == 302
        assert copy.clone().fetch(rig.url("/.auth/me")).status == 401


def test_a_key_that_went_after_the_token_was_over_ends_nothing(rig, provider):
    provider.change_claims = lambda claims: {**claims, "exp": claims["iat"] + 1}
    browser = rig.signed_in()
    time.sleep(2)
    provider.change_claims = lambda claims: claims
    withdraw(rig, provider)
    for _ in range(4):
        assert browser.send(rig.url("/hello.txt")).status == 200


def test_a_key_under_the_old_name_ends_what_the_old_one_signed(rig, provider):
    browser = rig.signed_in()
    provider.signing = Key(provider.first_key.kid)
    provider.published = [provider.signing, Key()]
    token = provider.token(key=provider.published[1])
    assert rig.send("/hello.txt", headers=bearer(token)).status == 200, "makes the daemon look"
    assert browser.send(rig.url("/hello.txt")).status == 302


def test_every_sign_in_sees_a_key_that_was_changed_a_moment_before(rig, provider):
    for _ in range(4):
        withdraw(rig, provider)


def test_strangers_do_not_keep_sign_ins_from_seeing_new_keys(rig, provider):
    assert rig.send("/hello.txt", headers=bearer(provider.token(key=Key("made-up")))).status == 401
    withdraw(rig, provider)


def test_a_new_key_is_seen_by_the_first_bearer_token_that_names_it(rig, provider):
    provider.signing = Key()
    provider.published = [provider.signing, provider.first_key]
    assert rig.send("/.auth/me", headers=bearer(provider.token())).status == 200
    assert rig.send("/hello.txt", headers=bearer(provider.token())).status == 200


def test_a_flood_of_made_up_keys_causes_one_fetch_and_is_refused_at_once(rig, provider):
    token = provider.token(key=Key("made-up"))
    start, _, rest = token.partition(".")
    tokens = []
    for number in range(10_000):
        header = encode(json.dumps({"alg": "RS256", "kid": f"k{number}"}).encode())
        tokens.append(f"{header}.{rest}")
    before = provider.count("/jwks")
    pipeline = 100

    def flood(part):
        with web.connect(rig.port) as connection:
            source = connection.makefile("rb")
            for first in range(0, len(part), pipeline):
                batch = part[first:first + pipeline]
                connection.sendall(b"".join(web.head("GET", "/hello.txt", rig.host(), {
                    "Authorization": f"Bearer {one}", **API}) for one in batch))
                for _ in batch:
                    line = source.readline()
                    assert line.startswith(b"HTTP/1.1 401"), line
                    length = 0
                    while (field := source.readline()) != b"\r\n":
                        if field.lower().startswith(b"content-length:"):
                            length = int(field.split(b":")[1])
                    source.read(length)

    resident, begin = rig.daemon.resident(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(flood, [tokens[one::10] for one in range(10)]))
    assert time.monotonic() - begin < COOLDOWN, "this machine is too slow for this test"
    assert provider.count("/jwks") - before == 1
    assert rig.daemon.resident() - resident < 16 << 20
    junk = "; ".join(f"postern={encode(os.urandom(300))}" for _ in range(1))
    for _ in range(50):
        assert rig.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": junk}).status == 302
    assert provider.count("/jwks") - before == 1


def test_an_empty_key_set_is_no_key_set(rig, provider):
    browser = rig.signed_in()
    before, provider.published = provider.count("/jwks"), []
    assert rig.send("/hello.txt", headers=bearer(provider.token(key=Key("made-up")))).status == 401
    assert provider.count("/jwks") == before + 1
    for _ in range(4):
        assert browser.send(rig.url("/hello.txt")).status == 200
    assert rig.daemon.status("/readyz")


def test_a_session_of_another_instance_with_a_key_that_this_one_has_not_seen(rig, provider, build):
    """Two instances share their session keys; the provider changes its key, and the first to see it is the other."""
    config = {**rig.config, "listeners": {"plain": {"address": f"127.0.0.1:{process.free_port()}"}}}
    other_port = int(config["listeners"]["plain"]["address"].rsplit(":", 1)[1])
    config["sites"] = {"a": {**rig.config["sites"]["a"], "hosts": [f"a.localhost:{other_port}"]}}
    with postern.Postern(os.path.join(build, "identity-other-instance"), config):
        provider.signing = Key()
        provider.published = [provider.signing, provider.first_key]
        browser = web.Browser()
        assert browser.open(f"http://a.localhost:{other_port}/hello.txt").status == 200
    assert browser.send(rig.url("/hello.txt")).status == 200


def test_a_session_whose_key_cannot_be_looked_up_now_is_kept(rig, provider, build):
    config = {**rig.config, "listeners": {"plain": {"address": f"127.0.0.1:{process.free_port()}"}}}
    other_port = int(config["listeners"]["plain"]["address"].rsplit(":", 1)[1])
    config["sites"] = {"a": {**rig.config["sites"]["a"], "hosts": [f"a.localhost:{other_port}"]}}
    with postern.Postern(os.path.join(build, "identity-other-instance"), config):
        provider.signing = Key()
        provider.published = [provider.signing, provider.first_key]
        browser = web.Browser()
        assert browser.open(f"http://a.localhost:{other_port}/hello.txt").status == 200
    provider.failing = True
    answer = browser.send(rig.url("/hello.txt"))
    assert answer.status == 503 and answer.get("retry-after") and "href=" in answer.text
    assert "postern" in rig.jar(browser), "the session was thrown away"
    provider.failing = False


# Where a browser comes back to


def landed(rig, target):
    """Where a sign-in ends that began with a request for `target`, as the redirect says it."""
    browser = web.Browser()
    first = rig.send(target, headers=web.NAVIGATION)
    assert first.status == 302, str(first)
    for line in first.all("set-cookie"):
        name, cookie = web.parse_set_cookie(line)
        rig.jar(browser)[name] = cookie
    return browser.send(browser.send(first.get("location")).location).get("location")


@pytest.mark.parametrize("target,expected", [
    ("/hello.txt?q=a|b^c`{}", "/hello.txt?q=a%7Cb%5Ec%60%7B%7D"), ("/hello.txt?100%&x=%zz", "/hello.txt?100%25&x=%25zz"),
    ("/hello.txt?a=%2F..%2F..&u=//x.test/?y", None), ("/hello.txt?https://x.test/", None), ("/a:b@c/;d=e,f", None),
    ("/hello.txt??", None), ("/%E2%82%AC/%20", None), ("/hello.txt?%0d%0aSet-Cookie:x=1", None), ("/$&'()*+,=!~", None),
    ("/hello.txt?[1]=\\x", "/hello.txt?[1]=%5Cx"),
])
def test_the_address_asked_for_comes_back(shared, target, expected):
    assert landed(shared, target) == (expected or target)


@pytest.mark.parametrize("target", ["//evil.test/", "/\\evil.test", "/%5cevil.test", "/%2f/evil.test", "/x/../..//evil.test",
                                    "/.//evil.test", "http://evil.test/", "/a/%2e%2e/%2e%2e//evil.test", "/;@evil.test/x"])
def test_what_is_no_path_of_this_site_starts_no_way_off_it(shared, target):
    answer = shared.send(target, headers=web.NAVIGATION)
    if answer.status == 302:
        assert landed(shared, target).startswith("/") and not landed(shared, target).startswith(("//", "/\\"))
    else:
        assert answer.status in (400, 421), str(answer)


def hostile_returns():
    spaces = ["", "\t", "\r\n", "%09"]
    starts = ["//", "/\\", "\\\\", "\\/", "///", "/%2f", "/%5c", "/%252f", "/.//", "/..//", "/;/", "https://", "https:", "http:\\",
              "//evil.test@", "javascript:", "data:text/html,", "/%00/", "/\u2044", "/\uff0f", "%2f%2f"]
    for space in spaces:
        for one in starts:
            yield space + one + "evil.test"
            yield one[:1] + space + one[1:] + "evil.test/%2e%2e"
    yield from ("/.auth/logout", "/.AUTH/login", "/%2eauth/callback", "/.auth", "/.auth/", "/" + "a" * 5000, "/a\nb", "/a\0b")


def test_no_return_target_leaves_the_site_or_reaches_the_own_pages(shared):
    browser = web.Browser()
    browser.send(shared.url("/hello.txt"))
    for value in hostile_returns():
        query = urllib.parse.urlencode({"return_to": value})
        started = browser.send(shared.url("/.auth/login?" + query))
        assert started.status == 302 and started.location.startswith(shared.provider.issuer), value
        location = browser.send(browser.send(started.location).location).get("location")
        # As a browser reads it: without controls at the ends, a backslash as a slash, tabs and line ends dropped.
        seen = re.sub(r"[\t\r\n]", "", location).replace("\\", "/")
        assert seen.startswith("/") and not seen.startswith("//"), (value, location)
        assert urllib.parse.urlsplit(urllib.parse.urljoin(shared.url(), seen)).netloc == shared.host(), (value, location)
        assert not urllib.parse.unquote(seen).lower().startswith("/.auth"), (value, location)
        assert len(location) <= 2048


def test_a_wild_card_of_parameters_is_read_one_way(shared):
    for query, expected in (("return_to=/hello.txt&return_to=//evil.test", "/hello.txt"), ("return_to=%zz", "/"),
                            ("RETURN_TO=/hello.txt", "/"), ("return_to", "/"), ("return_to=%2Fhello.txt%23part", "/hello.txt#part"),
                            ("&&&=&return_to=/a%2Bb", "/a+b")):
        assert landed(shared, "/.auth/login?" + query) == expected


# Cookies


def cookie_header(**pairs):
    return {**web.NAVIGATION, "Cookie": "; ".join(f"{name.replace('_', '.')}={value}" for name, value in pairs.items())}


def large(provider, count=300):
    provider.account = {**ALICE, "groups": ["staff", "admins"] + [
        f"group-{n * 7919 % 10007:05d}-{n ** 5 % 999983:06d}" for n in range(count)]}


def test_two_cookies_of_the_session_s_name_are_no_session(rig):
    browser = rig.signed_in()
    value = rig.jar(browser)["postern"].value
    for line in (f"postern={value}; postern={value}", f"postern=x; postern={value}", f"postern={value}; postern="):
        answer = rig.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": line})
        assert answer.status == 302, line
        assert any(one.startswith("postern=;") for one in answer.all("set-cookie"))
    answer = rig.send("/hello.txt", headers=[*web.NAVIGATION.items(), ("Cookie", f"postern={value}"), ("Cookie", "postern=x")])
    assert answer.status == 302
    answer = rig.send("/hello.txt", headers=[*web.NAVIGATION.items(), ("Cookie", "a=b"), ("Cookie", f"postern={value}")])
    assert answer.status == 200, "several lines are one list"


@pytest.mark.parametrize("line", [";", ";;", "=", "a=;", " ;", "=;=;=", "postern", "postern=", "postern==", "\"postern\"=x",
                                  "$Version=1; postern=x", "postern=%s%n%x", "postern=\"x\"", "postern.1=2AAAAAA.", "postern.1=",
                                  "postern.1=9AAAAAA.x", "postern.1=-1AAAAA.x", "postern.1=99999999.x", "postern.4=4AAAAAA.x",
                                  "; ".join(f"c{n}=v" for n in range(2000)), "postern=" + "A" * 16384, "postern.99999999=x"])
def test_a_cookie_line_of_nonsense_is_no_session(shared, line):
    answer = shared.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": line})
    assert answer.status == 302, str(answer)


def test_forty_kilobytes_of_cookies_are_too_many(shared):
    line = "; ".join(f"cookie-{number}={'x' * 400}" for number in range(100))
    assert shared.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": line}).status == 431


def test_parts_that_do_not_belong_together_are_no_session_and_are_cleared(rig, provider):
    large(provider)
    one, two = rig.signed_in(), rig.signed_in()
    first, second = ({name: cookie.value for name, cookie in rig.jar(browser).items() if name.startswith("postern.")}
                     for browser in (one, two))
    assert len(first) >= 2 and len(first) == len(second)
    send = lambda pairs: rig.send("/hello.txt", headers={
        **web.NAVIGATION, "Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items())})
    assert send(first).status == 200
    swapped = {name: first[other] for name, other in zip(first, reversed(first))}
    for pairs in (swapped, {**first, "postern.1": second["postern.1"]}, {**first, "postern.2": second["postern.2"]},
                  {name: value for name, value in first.items() if name != "postern.2"},
                  {name: value[:-1] for name, value in first.items()}, {**first, "postern.1": first["postern.1"] + "A"}):
        answer = send(pairs)
        assert answer.status == 302
        cleared = {one.split("=")[0] for one in answer.all("set-cookie") if "Max-Age=0" in one}
        assert cleared == set(pairs), cleared
        for line in answer.all("set-cookie"):
            assert line.endswith("; Path=/; Max-Age=0; HttpOnly; SameSite=Lax") or "Max-Age=0" not in line


def test_lonely_parts_are_cleared(shared):
    answer = shared.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": "postern.2=2AAAAAA.x; postern.3=3AAAAAA.x"})
    cleared = {one.split("=")[0] for one in answer.all("set-cookie") if "Max-Age=0" in one}
    assert answer.status == 302 and cleared == {"postern.2", "postern.3"}


def test_of_two_sessions_the_one_used_last_counts(rig, provider):
    """Two sign-ins at once, a large one and a small one: neither answer could clear the other's cookies."""
    provider.account = BOB
    bob = rig.jar(rig.signed_in())
    time.sleep(1.1)
    large(provider)
    alice = rig.jar(rig.signed_in())
    both = {**bob, **alice}
    line = "; ".join(f"{name}={cookie.value}" for name, cookie in both.items() if name != "postern-browser")
    assert "postern" in both and "postern.1" in both
    for cookies in (line, "; ".join(reversed(line.split("; ")))):
        assert rig.send("/.auth/me", headers={**API, "Cookie": cookies}).json()["sub"] == ALICE["sub"]


def test_a_cookie_changed_in_any_byte_opens_nothing(rig):
    value = rig.jar(rig.signed_in())["postern"].value
    assert rig.send("/hello.txt", headers={**API, "Cookie": f"postern={value}"}).status == 200
    with web.connect(rig.port) as connection:
        for position in range(0, len(value), 7):
            other = "A" if value[position] != "A" else "B"
            changed = value[:position] + other + value[position + 1:]
            connection.sendall(web.head("GET", "/hello.txt", rig.host(), {**API, "Cookie": f"postern={changed}"}))
            assert web.read_answer(connection).status == 401, position
    for changed in (value[:-1], value + "A", value + "=", value[:-1] + "-", " " + value + "x", value[1:]):
        assert rig.send("/hello.txt", headers={**API, "Cookie": f"postern={changed}"}).status == 401


def test_a_session_of_one_site_is_none_at_another_nor_is_a_state_a_session(rig):
    browser, back = rig.begun()
    state = web.query(back)["state"]
    assert browser.send(back).status == 302
    value = rig.jar(browser)["postern"].value
    for site in ("b", "c", "brief"):
        assert rig.send("/hello.txt", site, headers={**API, "Cookie": f"postern={value}"}).status == 401
    assert rig.send("/hello.txt", headers={**API, "Cookie": f"postern={state}"}).status == 401
    answer = rig.send(f"/.auth/callback?code=x&state={value}", headers=web.NAVIGATION)
    assert_way_on(answer, 400)


def test_a_renewal_goes_with_every_kind_of_answer_and_keeps_the_session(rig):
    """304, 206, 404, 403 and HEAD renew alike; the renewed cookie is the same session."""
    for path, headers, method, status in (
            ("/hello.txt", {"Range": "bytes=0-3"}, "GET", 206), ("/nothing-here", {}, "GET", 404), ("/admin/", {}, "HEAD", 200),
            ("/nobody/", {}, "GET", 403), ("/hello.txt", {"If-None-Match": "*"}, "GET", 304), ("/.auth/me", {}, "GET", 200)):
        browser = rig.signed_in("brief")
        time.sleep(1.1)
        answer = browser.send(rig.url(path, "brief"), method, headers)
        assert answer.status == status, str(answer)
        renewed = [one for one in answer.all("set-cookie") if one.startswith("postern=")]
        assert len(renewed) == (0 if path == "/nobody/" else 1), str(answer)
        if renewed:
            assert answer.get("cache-control") in ("private, no-cache", "no-store")
            assert 1 <= int(re.search(r"Max-Age=(\d+)", renewed[0])[1]) <= 8
            assert browser.send(rig.url("/hello.txt", "brief")).status == 200


def test_many_requests_at_once_renew_one_session(rig):
    browser = rig.signed_in("brief")
    time.sleep(1.1)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: browser.clone().send(rig.url("/hello.txt", "brief")), range(40)))
    assert {one.status for one in answers} == {200}
    renewed = [web.parse_set_cookie(line)[1].value for one in answers for line in one.all("set-cookie")]
    copy = browser.clone()
    assert renewed and copy.send(rig.url("/.auth/logout", "brief"), "POST", {"Content-Length": "0"}).status == 303
    for value in renewed:
        assert rig.send("/hello.txt", "brief", headers={**API, "Cookie": f"postern={value}"}).status == 401, "signed out"


def test_me_tells_the_end_of_the_session_as_renewed(rig):
    browser = rig.signed_in("brief")
    time.sleep(1.1)
    now = int(time.time())
    assert browser.fetch(rig.url("/.auth/me", "brief")).json()["expires_at"] >= now + 3


def test_a_session_may_end_with_its_token(rig, provider):
    provider.change_claims = lambda claims: {**claims, "exp": claims["iat"] + 2}
    ends, goes_on = rig.signed_in("token"), rig.signed_in("a")
    time.sleep(2.1)
    assert ends.send(rig.url("/hello.txt", "token")).status == 302
    assert goes_on.send(rig.url("/hello.txt")).status == 200


def test_a_session_of_an_older_key_is_opened_and_sealed_anew(rig):
    browser = rig.signed_in()
    old = rig.jar(browser)["postern"].value
    rig.stop()
    fresh = postern.secret()
    rig.config["session_keys"] = [fresh, rig.keys[0]]
    rig.start()
    answer = browser.send(rig.url("/hello.txt"))
    assert answer.status == 200 and rig.jar(browser)["postern"].value != old
    rig.stop()
    rig.config["session_keys"] = [fresh]
    rig.start()
    assert browser.send(rig.url("/hello.txt")).status == 200
    assert rig.send("/hello.txt", headers={**API, "Cookie": f"postern={old}"}).status == 401


# Bearer tokens


def test_a_bearer_token_in_every_spelling_of_the_scheme(rig, provider):
    token = provider.token(ALICE)
    web.note(token)
    for value in (f"Bearer {token}", f"bearer {token}", f"BEARER {token}", f"bEaReR   {token}"):
        assert rig.send("/hello.txt", headers={**API, "Authorization": value}).status == 200, value[:8]


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "bearer x", "Bearer a.b.c", "Bearer " + "A" * 20000, "Bearer ..", "Bearer \"\"",
                                   "Bearer TOKEN TOKEN", "Bearer TOKEN,", "Bearer TOKENx"])
def test_a_bearer_token_of_nonsense_is_refused(rig, provider, value):
    token = provider.token(ALICE)
    browser = rig.signed_in()
    answer = browser.fetch(rig.url("/hello.txt"), Authorization=value.replace("TOKEN", token))
    assert answer.status == 401, "the session cookie beside it does not help"
    assert answer.get("www-authenticate") == 'Bearer error="invalid_token"' and answer.get("cache-control") == "no-store"
    assert answer.json()["error"] == "invalid_token" and answer.json()["reference"]


def test_two_authorization_fields_are_refused(rig, provider):
    token = provider.token(ALICE)
    for other in ("Bearer x", f"Bearer {token}", "Basic eDp5"):
        answer = rig.send("/hello.txt", headers=[*API.items(), ("Authorization", f"Bearer {token}"), ("Authorization", other)])
        assert answer.status == 400


def test_another_scheme_is_not_looked_at(rig):
    browser = rig.signed_in()
    for value in ("Basic eDp5", "Bearerx y", "Negotiate abc"):
        assert browser.fetch(rig.url("/hello.txt"), Authorization=value).status == 200
        assert rig.send("/hello.txt", headers={**API, "Authorization": value}).status == 401


def test_a_bad_token_closes_no_public_path(rig):
    assert rig.send("/public/", headers=bearer("garbage-garbage-garbage")).status == 200


def test_a_token_of_another_client_or_kind_is_no_bearer_token(rig, provider):
    wrong = {
        "another client": provider.token(ALICE, audience="other"), "no audience": provider.token(ALICE, audience=None),
        "a logout token": provider.token(ALICE, events={"http://schemas.openid.net/event/backchannel-logout": {}}),
        "no subject": provider.token({**ALICE, "sub": None}), "not yet": provider.token(ALICE, nbf=int(time.time()) + 600),
        "another type": provider.signing.sign({"iss": provider.issuer, "aud": "postern", "sub": "x", "exp": int(time.time()) + 60},
                                              typ="logout+jwt"),
        "no expiry": provider.signing.sign({"iss": provider.issuer, "aud": "postern", "sub": "x"}),
    }
    for name, token in wrong.items():
        assert rig.send("/hello.txt", headers=bearer(token)).status == 401, name
    assert rig.send("/hello.txt", "c", headers=bearer(provider.token(ALICE, audience="other"))).status == 200
    assert rig.send("/hello.txt", headers=bearer(provider.token(ALICE, audience=["x", "postern"], azp="x"))).status == 200


def test_a_bearer_token_opens_nothing_after_its_time_or_its_key(rig, provider):
    brief = provider.token(ALICE, exp=int(time.time()) - 58)  # within the skew of 60 s for two seconds more
    long = provider.token(ALICE)
    for token in (brief, long):
        assert rig.send("/hello.txt", headers=bearer(token)).status == 200
    time.sleep(2.1)
    assert rig.send("/hello.txt", headers=bearer(brief)).status == 401
    withdraw(rig, provider)
    assert rig.send("/hello.txt", headers=bearer(long)).status == 401


def test_a_bearer_token_sets_no_cookie_and_ends_no_session(rig, provider):
    browser = rig.signed_in()
    for path in ("/hello.txt", "/.auth/me", "/admin/"):
        answer = browser.fetch(rig.url(path), Authorization=f"Bearer {provider.token(BOB)}")
        assert answer.status == (403 if path == "/admin/" else 200) and not answer.all("set-cookie")
    assert browser.send(rig.url("/hello.txt")).status == 200


def test_me_of_a_bearer_token(rig, provider):
    content = rig.send("/.auth/me", headers=bearer(provider.token(BOB))).json()
    assert content["sub"] == BOB["sub"] and abs(content["expires_at"] - time.time() - 3600) < 10


# Hosts, schemes and proxies


@pytest.mark.parametrize("change,status", [
    ({"host": "A.LOCALHOST"}, 302), ({"host": "a.localhost."}, 421), ({"host": "a.localhost", "port": None}, 421),
    ({"host": "a.localhost", "port": "0PORT"}, None), ({"host": "x@a.localhost"}, 400), ({"host": "evil.test"}, 421),
    ({"host": "a.localhost:80"}, 400), ({"host": "b.localhost/a.localhost"}, 400), ({"host": "a.localhost, evil.test"}, 400),
])
def test_a_site_is_known_by_its_host_alone(shared, change, status):
    port = change.get("port", "PORT")
    host = change["host"] + ("" if port is None else ":" + port.replace("PORT", str(shared.port)))
    answer = shared.send("/hello.txt", host=host, headers=web.NAVIGATION)
    assert answer.status in ({status} if status else {400, 421, 302}), str(answer)
    if answer.status == 302:
        assert web.query(answer.location)["redirect_uri"] == shared.url("/.auth/callback")


FORWARDED = {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Forwarded-For": "10.0.0.1",
             "Forwarded": "for=10.0.0.1;host=evil.test;proto=https", "X-Forwarded-Uri": "/public/", "X-Original-URL": "/public/",
             "X-Rewrite-URL": "/public/", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Scheme": "https", "X-Real-IP": "10.0.0.1",
             "X-HTTP-Method-Override": "DELETE", "X-Forwarded-Email": "alice@example.org", "X-Forwarded-User": "alice"}


@pytest.mark.parametrize("name", [*FORWARDED, None])
def test_what_a_stranger_says_of_proxies_changes_nothing(shared, name):
    said = FORWARDED if name is None else {name: FORWARDED[name]}
    answer = shared.send("/hello.txt", headers={**web.NAVIGATION, **said})
    assert answer.status == 302 and web.query(answer.location)["redirect_uri"] == shared.url("/.auth/callback")
    assert all("Secure" not in one for one in answer.all("set-cookie"))
    assert shared.send("/hello.txt", headers={**API, **said}).status == 401


def proxied(build, folder, provider, name, **site):
    """A site behind a proxy that ends TLS: the daemon speaks plain HTTP, the browser does not."""
    rig = Rig.__new__(Rig)
    rig.port, rig.provider, rig.directory = process.free_port(), provider, os.path.join(build, "identity-" + name)
    rig.config = {
        "listeners": {"plain": {"address": f"127.0.0.1:{rig.port}"}}, "session_keys": [postern.secret()],
        "providers": {"one": {"issuer": provider.issuer, "client_id": "postern"}}, "origins": {"folder": {"directory": folder}},
        "sites": {"docs": {"hosts": ["docs.test"], "provider": "one", "origin": "folder", **site}}}
    return rig


def test_behind_a_trusted_proxy_the_site_is_secure_and_otherwise_redirects(build, folder, provider):
    rig = proxied(build, folder, provider, "trusted")
    rig.config["trusted_proxies"] = ["127.0.0.1/32"]
    rig.start()
    try:
        answer = rig.send("/hello.txt?x", host="docs.test", headers={**web.NAVIGATION, "X-Forwarded-Proto": "https"})
        assert answer.status == 302 and web.query(answer.location)["redirect_uri"] == "https://docs.test/.auth/callback"
        cookies = answer.all("set-cookie")
        assert cookies and all(one.startswith("__Host-postern-browser=") and "; Secure" in one for one in cookies)
        for proto in ("http", "https,http", "", "x"):
            answer = rig.send("/hello.txt?x", host="docs.test", headers={**web.NAVIGATION, "X-Forwarded-Proto": proto})
            assert answer.status == 308 and answer.get("location") == "https://docs.test/hello.txt?x"
            assert not answer.all("set-cookie") and answer.get("cache-control") == "no-store"
        answer = rig.send("*", host="docs.test", method="OPTIONS", headers={})
        assert answer.status in (400, 405) and not answer.get("location")
    finally:
        rig.stop()


def test_a_public_url_decides_scheme_and_host(build, folder, provider):
    rig = proxied(build, folder, provider, "public", hosts=["inner.test", "docs.test"], public_url="https://docs.test")
    rig.start()
    try:
        for host in ("docs.test", "inner.test", "INNER.test:80"):
            answer = rig.send("/hello.txt", host=host, headers=web.NAVIGATION)
            assert answer.status == 302 and web.query(answer.location)["redirect_uri"] == "https://docs.test/.auth/callback"
            assert all(one.startswith("__Host-") and "; Secure" in one for one in answer.all("set-cookie"))
    finally:
        rig.stop()


# Own pages


def test_a_site_without_a_provider_has_no_sign_in(shared):
    for path, status in (("login", 404), ("callback?code=x&state=y", 404), ("logout", 200), ("me", 401), ("signed-out", 200)):
        assert shared.send(f"/.auth/{path}", "open").status == status
    assert shared.send("/hello.txt", "open").status == 200


@pytest.mark.parametrize("path,status", [
    ("/.auth", 404), ("/.auth/", 404), ("/.AUTH/me", 404), ("/.Auth/login", 404), ("/.auth/ME", 404), ("/.auth/unknown", 404),
    ("/.auth/me/x", 404), ("/.auth/login/x", 404), ("/%2eauth/nothing", 404), ("/.auth/%6de", 401), ("/.auth//me", 400),
    ("/.auth/../hello.txt", 400), ("/.auth/callback/x", 404), ("/.auth/logout/x", 404),
])
def test_nothing_below_the_auth_path_is_anything_else(shared, path, status):
    answer = shared.send(path, headers=API)
    assert answer.status == status and answer.get("cache-control") == "no-store", str(answer)
    head = shared.send(path, headers=API, method="HEAD")
    assert head.status == status and head.body == b""


def test_the_auth_path_may_be_another(build, folder, provider):
    rig = Rig(os.path.join(build, "identity-auth-path"), folder, provider, starts=False)
    try:
        rig.config["sites"]["a"]["auth_path"] = "/~sign-in/here"
        rig.start()
        browser = rig.signed_in()
        assert browser.fetch(rig.url("/~sign-in/here/me")).json()["sub"] == ALICE["sub"]
        assert browser.send(rig.url("/.auth/me")).status == 404
        assert browser.send(rig.url("/~SIGN-IN/here/me")).status == 404
        assert landed(rig, "/~sign-in/here/login?return_to=/~sign-in/here/logout") == "/"
    finally:
        rig.stop()


METHODS = {"/.auth/login": "GET, HEAD", "/.auth/me": "GET, HEAD", "/.auth/logout": "GET, HEAD, POST", "/.auth/signed-out": "GET, HEAD"}


@pytest.mark.parametrize("path", METHODS)
def test_own_pages_take_their_methods_alone(shared, path):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        if method in METHODS[path]:
            continue
        answer = shared.send(path, method=method, headers={"Content-Length": "0"})
        assert answer.status == 405 and answer.get("allow") == METHODS[path] and answer.get("cache-control") == "no-store", str(answer)


def test_head_says_what_get_says(rig):
    browser = rig.signed_in()
    leave = {"date", "set-cookie", "location", "content-length"}
    for path in ("/hello.txt", "/admin/", "/nobody/", "/no-such.txt", "/.auth/me", "/.auth/logout", "/.auth/signed-out", "/.auth/x",
                 "/.auth/login", "/hello.txt/"):
        for one in (browser, web.Browser()):
            got, head = one.clone().send(rig.url(path)), one.clone().send(rig.url(path), "HEAD")
            assert got.status == head.status and head.body == b"", path
            fields = lambda answer: {name.lower(): value for name, value in answer.headers if name.lower() not in leave}
            assert fields(got) == fields(head), path


def test_a_sign_out_without_a_word_of_its_origin_and_from_every_wrong_place(rig):
    post = lambda browser, **headers: browser.send(rig.url("/.auth/logout"), "POST", {"Content-Length": "0", **headers}, navigation=False)
    browser = rig.signed_in()
    origin = rig.url("")
    for headers in ({"Origin": "https://evil.test"}, {"Origin": origin + ".evil.test"}, {"Origin": rig.url("", "b")},
                    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": origin}, {"Origin": ""},
                    {"Sec-Fetch-Site": "cross-site", "Origin": origin}, {"Origin": origin.upper()}, {"Origin": "null"}):
        answer = post(browser, **headers)
        assert answer.status in (400, 403) and not answer.all("set-cookie"), headers
        assert browser.send(rig.url("/hello.txt")).status == 200, headers
    for method in ("GET", "HEAD"):
        assert browser.send(rig.url("/.auth/logout"), method).status == 200
    assert browser.send(rig.url("/hello.txt")).status == 200
    for headers in ({}, {"Origin": origin}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}):
        one = rig.signed_in()
        copy = one.clone()
        answer = post(one, **headers)
        assert answer.status == 303 and answer.get("location").startswith(rig.provider.issuer + "/logout?"), headers
        assert "postern" not in rig.jar(one) and copy.send(rig.url("/hello.txt")).status == 302


def test_a_sign_out_while_the_keys_are_not_loaded_ends_the_session(rig, provider):
    """The daemon starts anew while the provider is down: no session can be verified, and every one can be ended."""
    browser = rig.signed_in()
    copy = browser.clone()
    rig.stop()
    provider.stop()
    rig.daemon = postern.Postern(rig.directory, rig.config, ready="/healthz")
    assert browser.send(rig.url("/hello.txt")).status == 503
    page = browser.send(rig.url("/.auth/logout"))
    assert ALICE["email"] in page.text and "<form" in page.text
    assert browser.send(rig.url("/.auth/logout"), "POST", {"Content-Length": "0"}).status == 303
    provider.start()
    eventually(lambda: rig.daemon.status("/readyz"))
    for _ in range(4):
        assert copy.clone().send(rig.url("/hello.txt")).status == 302


def test_a_sign_out_of_an_idle_session_ends_the_copy_that_was_used_since(rig):
    browser = rig.signed_in("brief")
    thief = browser.clone()
    for _ in range(2):
        time.sleep(1.7)
        assert thief.send(rig.url("/hello.txt", "brief")).status == 200
    assert browser.send(rig.url("/.auth/logout", "brief"), "POST", {"Content-Length": "0"}).status == 303
    assert thief.send(rig.url("/hello.txt", "brief")).status == 302


def test_a_sign_out_with_no_session_is_a_sign_out(shared):
    answer = shared.send("/.auth/logout", method="POST", headers={"Content-Length": "0"})
    assert answer.status == 303 and answer.get("location") == "/.auth/signed-out"
    assert "There is no session" in shared.send("/.auth/logout").text


NO_NAVIGATION = [
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "frame"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"}, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Dest": "serviceworker", "Service-Worker": "script"}, {"Service-Worker": "script"},
    {"Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket"}, {"X-Requested-With": "XMLHttpRequest", "Accept": "text/html"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender", "Accept": "text/html"},
    {"Purpose": "prefetch", "Accept": "text/html"}, {"X-Moz": "prefetch"}, {"Accept": "application/json"}, {"Accept": "text/css,*/*;q=0.1"},
    {"Accept": "text/event-stream"}, {"Accept": "text/html;q=0, application/json"}, {"Sec-Fetch-Dest": "image"},
]


@pytest.mark.parametrize("headers", NO_NAVIGATION)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_no_navigation_is_told_where_to_sign_in(shared, method, headers):
    answer = shared.send("/hello.txt?a=b", method=method, headers=headers)
    assert answer.status == 401 and answer.get("content-type") == "application/json" and answer.get("cache-control") == "no-store"
    assert not answer.all("set-cookie") and not answer.get("location"), "no sign-in was started"
    assert answer.get("www-authenticate") == "Bearer"
    if method == "GET":
        assert answer.json()["login_url"] == "/.auth/login?return_to=%2Fhello.txt%3Fa%3Db"


# A provider that does not do as it should


class Broken:
    """Answers of the provider as bytes, in place of its own: `cut`, `slow`, `huge` and so on, for one path. Or each of
    its connections serves one request, and the next on it finds it closed, without an answer."""

    def __init__(self, provider):
        self.provider, self.ways, self.serves_once, self.delay = provider, {}, False, 0
        handler = provider.server.RequestHandlerClass
        for name in ("do_GET", "do_POST"):
            setattr(handler, name, self.wrap(getattr(handler, name)))

    def wrap(self, usual):
        def handle(handler):
            way = self.ways.get(urllib.parse.urlsplit(handler.path).path)
            if self.serves_once and getattr(handler, "has_served", False):
                handler.close_connection = True
                return None
            handler.has_served = True
            time.sleep(self.delay)
            if not way:
                return usual(handler)
            handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
            handler.close_connection = True
            try:
                way(handler.wfile)
            except OSError:
                pass
        return handle


def raw(*parts):
    return lambda out: [out.write(part) for part in parts]


def drip(out):
    out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        out.write(b" ")
        out.flush()
        time.sleep(0.1)


def as_json(value, status="200 OK", more=b""):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return raw(b"HTTP/1.1 " + status.encode() + b"\r\nContent-Type: application/json\r\n" + more
               + b"Content-Length: %d\r\n\r\n" % len(body) + body)


TOKEN_ANSWERS = {
    "silence": lambda out: time.sleep(3), "drip": drip, "nothing": raw(), "no HTTP": raw(b"garbage\r\n\r\n"),
    "cut": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), "huge": raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", b" " * 5_000_000),
    "endless": lambda out: [out.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")] + [
        out.write(b"10000\r\n" + b" " * 65536 + b"\r\n") for _ in range(100)],
    "redirect": as_json({}, "307 Temporary Redirect", b"Location: /elsewhere\r\n"), "a page": as_json(b"<html>no</html>"),
    "500": as_json({"error": "server_error"}, "500 Internal Server Error"), "429": as_json({}, "429 Too Many", b"Retry-After: 9\r\n"),
    "401": as_json({"error": "invalid_client"}, "401 Unauthorized"), "400": as_json({"error": "invalid_grant"}, "400 Bad Request"),
    "an error of markup": as_json({"error": "<script>alert(1)</script>"}, "400 Bad Request"), "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "an array": as_json([]), "empty": as_json(b""), "no token": as_json({"token_type": "Bearer"}),
    "twice": as_json(b'{"token_type":"Bearer","id_token":"a.b.c","id_token":"a.b.c"}'), "deep": as_json(b"[" * 100_000),
    "wrong kind": as_json({"token_type": "mac", "id_token": "a.b.c"}), "a number": as_json({"token_type": "Bearer", "id_token": 7}),
    "early hints": lambda out: [out.write(b"HTTP/1.1 103 Early Hints\r\n\r\n") for _ in range(2000)],
    "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "large token": as_json({"token_type": "Bearer", "id_token": "a." + "A" * 20_000 + ".c"}),
}


@pytest.fixture(scope="module")
def breakable(build, folder):
    provider = LyingProvider({"postern": None, "other": None})
    one = Rig(os.path.join(build, "identity-broken"), folder, provider, limits={"provider_timeout": "1s"})
    one.broken = Broken(provider)
    yield one
    one.stop()
    provider.stop()


@pytest.mark.parametrize("way", TOKEN_ANSWERS)
def test_a_token_endpoint_that_fails_is_a_page_and_a_line_in_the_log(breakable, way):
    browser, back = breakable.begun()
    breakable.broken.ways["/token"] = TOKEN_ANSWERS[way]
    begin = time.monotonic()
    try:
        answer = browser.send(back)
    finally:
        breakable.broken.ways.clear()
    assert time.monotonic() - begin < 4, "longer than the provider's limit"
    assert_way_on(answer, 400, 502, 503)
    assert "<script>" not in answer.text and "postern" not in breakable.jar(browser)
    reference = re.search(r"Reference <code>(\w+)</code>", answer.text)[1]
    eventually(lambda: {one["kind"] for one in breakable.daemon.records() if one.get("reference") == reference} >= {"access", "event"}
               or way == "large token", 3)
    assert breakable.signed_in()


def test_no_code_is_lost_with_a_connection_that_the_provider_has_ended(breakable):
    breakable.broken.serves_once = True
    try:
        for _ in range(3):
            breakable.signed_in()
    finally:
        breakable.broken.serves_once = False


def test_who_was_signed_in_before_a_restart_is_so_from_the_first_request(breakable):
    browser = breakable.signed_in()
    breakable.broken.delay = 0.4
    try:
        breakable.stop()
        breakable.start(ready=None)
        eventually(process.listens(breakable.port), 10)
        assert browser.send(breakable.url("/hello.txt")).status == 200
        assert breakable.begun()[1], "and who was not is sent to the provider"
    finally:
        breakable.broken.delay = 0


def test_a_provider_that_is_silent_at_the_start_is_waited_for_three_seconds(build, folder, breakable):
    breakable.provider.keys_delay = 7  # within what a provider has for an answer
    one = Rig(os.path.join(build, "identity-silent"), folder, breakable.provider, starts=False)
    try:
        begin = time.monotonic()
        one.start(ready="/healthz")
        assert one.send("/public/").status == 200
        assert 2.5 < time.monotonic() - begin < 6
        assert one.send("/hello.txt").status == 503
    finally:
        breakable.provider.reset()
        one.stop()


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
@pytest.mark.parametrize("way", ["silence", "drip", "cut", "huge", "endless", "redirect", "a page", "500", "an array", "empty", "deep"])
def test_keys_that_cannot_be_fetched_leave_sessions_alone(breakable, path, way):
    browser = breakable.signed_in()
    breakable.broken.ways[path] = TOKEN_ANSWERS[way]
    try:
        breakable.provider.change_token = lambda token: Key("new").sign({"sub": "x"})
        begin = time.monotonic()
        answer = web.Browser().open(breakable.url("/hello.txt"))
        assert_way_on(answer, 400, 502, 503)
        assert time.monotonic() - begin < 6
        assert browser.send(breakable.url("/hello.txt")).status == 200
    finally:
        breakable.broken.ways.clear()
        breakable.provider.reset()


def test_nothing_secret_is_in_the_log_of_any_of_it(shared, breakable):
    """At level debug, as the rigs here log; `test_zz_afterwards` looks through all other runs."""
    for rig in (shared, breakable):
        text = rig.daemon.process.log_text()
        assert len(text) > 10_000
        for secret in web.SEEN | set(rig.provider.issued) | set(rig.keys):
            assert not secret or secret not in text
        assert "code=" not in text and "state=" not in text


def test_a_sign_out_while_the_daemon_goes_down_is_answered(rig):
    """The other worker, which has nothing left to do, is gone by then: nobody waits for it."""
    browser = rig.signed_in()
    head = web.head("POST", "/.auth/logout", rig.host(), {"Content-Length": "0", "Cookie": browser.cookie_header(rig.url())})
    with web.connect(rig.port, timeout=4) as connection:
        connection.sendall(head[:-20])
        time.sleep(0.2)
        rig.daemon.terminate()
        time.sleep(0.7)
        connection.sendall(head[-20:])
        assert web.read_answer(connection, "POST").status == 303
    assert rig.daemon.process.wait(5) == 0
