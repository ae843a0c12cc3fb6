"""The sign-in, message by message, at a provider that can be told to lie."""

import concurrent.futures
import time
import urllib.parse

import pytest
import web
from conftest import OBJECTS
from lying_provider import ALICE, BOB, Key


def callback(gateway, site="liar"):
    return gateway.url(site, "/.auth/callback")


def start(gateway, browser, path="/hello.txt", site="liar"):
    """Begins a sign-in; the address at the provider."""
    answer = browser.send(gateway.url(site, path))
    assert answer.status == 302, str(answer)
    return answer.location


def assert_page_with_a_way_on(answer):
    """A page for a person: an error of the client's, with a link or a button that leads on."""
    assert 400 <= answer.status < 500, str(answer)
    assert "text/html" in answer.get("content-type", ""), str(answer)
    assert "href=" in answer.text or "<form" in answer.text, str(answer)
    assert answer.get("cache-control") == "no-store"
    assert not answer.get("location")


@pytest.mark.parametrize("site,method", [("liar", "none"), ("liar-basic", "basic"), ("liar-post", "post")])
def test_a_sign_in_for_every_kind_of_client(gateway, liar, site, method):
    browser = gateway.browser()
    answer = browser.open(gateway.url(site, "/hello.txt?x=1"))
    assert (answer.status, answer.body) == (200, OBJECTS["hello.txt"]), str(answer)
    assert answer.url == gateway.url(site, "/hello.txt?x=1")
    _, fields, headers = [call for call in liar.calls if call[0] == "/token"][-1]
    assert len(fields["code_verifier"]) >= 43
    assert ("authorization" in {name.lower() for name in headers}) == (method == "basic")
    assert ("client_secret" in fields) == (method == "post")


@pytest.mark.parametrize("path", [
    "/", "/hello.txt", "/sub/?a=1&b=2", "/odd/with%20space.txt?q=a%20b+c%2Fd&empty=&q=2", "/hello.txt?",
    "/odd/%C3%A9t%C3%A9%20%E2%80%93%20%E4%B8%AD%E6%96%87%20%F0%9F%98%80.txt?%E2%9C%93=%F0%9F%98%80",
    "/hello.txt?return_to=//evil.test", "/hello.txt?" + "x" * 1500,
])
def test_the_address_asked_for_comes_back_exactly(gateway, path):
    browser = gateway.browser()
    browser.open(gateway.url("liar", path))
    final = [one for one in browser.history if one.get("location") and "/.auth/callback" in one.url][-1]
    where = urllib.parse.urlsplit(final.location)
    assert (where.path + ("?" + where.query if where.query or path.endswith("?") else "")) == path
    assert where.netloc in ("", gateway.host("liar"))


@pytest.mark.parametrize("value,expected", [
    ("/hello.txt?a=1", "/hello.txt?a=1"), ("https://evil.test/", "/"), ("//evil.test/x", "/"), ("/\\evil.test", "/"),
    ("\\\\evil.test", "/"), ("javascript:alert(1)", "/"), ("hello.txt", "/"), ("", "/"), ("/%0d%0aSet-Cookie:x=1", None),
    ("/.auth/logout", "/"), ("/\t/evil.test", "/"), ("https:evil.test", "/"), (" //evil.test", "/"),
])
def test_return_to_is_a_path_on_this_site(gateway, value, expected):
    browser = gateway.browser()
    answer = browser.send(gateway.url("liar", "/.auth/login?" + urllib.parse.urlencode({"return_to": value})))
    assert answer.status in (302, 303), str(answer)
    answer = browser.send(browser.send(answer.location).location)
    where = urllib.parse.urlsplit(urllib.parse.urljoin(callback(gateway), answer.get("location")))
    assert where.netloc == gateway.host("liar"), str(answer)
    assert not answer.all("x") and "\n" not in answer.get("location")
    if expected:
        assert where.path + ("?" + where.query if where.query else "") == expected


def test_the_cookies_have_all_their_attributes(gateway):
    browser = gateway.signed_in()
    jar = gateway.cookies_named(browser, "liar")
    assert {"__Host-postern", "__Host-postern-browser"} <= set(jar), list(jar)
    for name, cookie in jar.items():
        assert name.startswith("__Host-"), name
        assert "secure" in cookie.attributes and "httponly" in cookie.attributes, name
        assert cookie.attributes.get("samesite", "").lower() == "lax" and cookie.attributes.get("path") == "/", name
        assert "domain" not in cookie.attributes, name
        assert "alice" not in cookie.value.lower()


def test_over_plain_http_on_loopback_the_names_lose_their_prefix(gateway):
    url = f"http://localhost:{gateway.ports['plain']}/"
    browser = gateway.browser()
    assert browser.open(url).status == 200
    jar = browser.jar(url)
    assert {"postern", "postern-browser"} <= set(jar), list(jar)
    assert all("secure" not in one.attributes and "httponly" in one.attributes for one in jar.values())


def test_a_second_visit_does_not_ask_again(gateway, liar):
    browser = gateway.signed_in()
    before = liar.count("/authorize")
    assert browser.open(gateway.url("liar", "/hello.txt")).status == 200
    assert liar.count("/authorize") == before


def test_no_cookie_of_the_gateway_reaches_the_origin_and_foreign_ones_do_no_harm(gateway):
    browser = gateway.signed_in()
    jar = gateway.cookies_named(browser, "liar")
    jar["other"] = web.Cookie("a=b; not really", {})
    jar["__Host-postern-nonsense"] = web.Cookie("x" * 300, {})
    assert browser.send(gateway.url("liar", "/hello.txt")).status == 200


def test_twenty_tabs_all_end_on_their_own_page(gateway, liar):
    browser = gateway.browser()
    browser.send(gateway.url("liar", "/public/"))
    paths = [f"/hello.txt?tab={number}" for number in range(20)]
    starts = [start(gateway, browser, path) for path in paths]
    names = set(gateway.cookies_named(browser, "liar"))
    assert len(names) <= 2, f"a pile of cookies: {names}"
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        callbacks = list(pool.map(lambda url: browser.clone().send(url).location, starts))
        answers = list(pool.map(lambda url: browser.clone().send(url), reversed(callbacks)))
    ends = [urllib.parse.urljoin(answer.url, answer.get("location", "")) for answer in answers]
    assert ends == [gateway.url("liar", path) for path in reversed(paths)]


def test_twenty_tabs_of_a_new_browser_with_no_cookie_yet(gateway, liar):
    """All are opened before any answer: each answer sets the binding cookie, the browser keeps the last one."""
    browser = gateway.browser()
    first = [browser.clone() for _ in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda pair: pair[1].send(gateway.url("liar", f"/hello.txt?tab={pair[0]}")),
                                enumerate(first)))
    for one in first:
        browser.jar(gateway.url("liar")).update(one.jar(gateway.url("liar")))
    reached = 0
    for number, answer in enumerate(answers):
        end = browser.open(answer.location)
        assert end.status in (200, 400, 403), str(end)
        if end.status == 200:
            reached += 1
            assert end.url.endswith(("/hello.txt?tab=%d" % number,)), end.url
        else:
            assert_page_with_a_way_on(end)
    assert reached >= 1


# Callbacks that are not what they should be


def begun(gateway, path="/hello.txt"):
    browser = gateway.browser()
    return browser, browser.send(start(gateway, browser, path)).location


@pytest.mark.parametrize("change", ["no state", "empty state", "no code", "no query", "cut state", "other state",
                                    "garbage state", "state twice", "code twice", "huge state", "huge code",
                                    "bad encoding", "other site's state"])
def test_a_bad_callback_is_a_page_with_a_way_on(gateway, change):
    browser, good = begun(gateway)
    fields = web.query(good)
    code, state = fields["code"], fields["state"]
    other = web.query(start(gateway, gateway.browser(), site="liar-basic"))["state"]
    query = {
        "no state": f"code={code}", "empty state": f"code={code}&state=", "no code": f"state={state}", "no query": "",
        "cut state": f"code={code}&state={state[:-6]}", "other state": f"code={code}&state={state[::-1]}",
        "garbage state": f"code={code}&state=%00%ff%3Cscript%3E", "state twice": f"code={code}&state={state}&state={state}",
        "code twice": f"code={code}&state={state}&code={code}", "huge state": f"code={code}&state={'A' * 6000}",
        "huge code": f"code={'A' * 6000}&state={state}", "bad encoding": f"code=%zz&state={state}%",
        "other site's state": f"code={code}&state={other}",
    }[change]
    answer = browser.send(callback(gateway) + "?" + query)
    assert_page_with_a_way_on(answer)
    assert b"<script>" not in answer.body
    assert "__Host-postern" not in gateway.cookies_named(browser, "liar"), "a session from a bad callback"


def test_a_callback_of_64_kilobytes_is_refused(gateway):
    browser, good = begun(gateway)
    answer = browser.send(good + "&more=" + "A" * 65536)
    assert answer.status in (400, 414, 431), str(answer)


def test_a_callback_in_another_browser_is_refused(gateway):
    _, good = begun(gateway)
    stranger = gateway.browser()
    assert_page_with_a_way_on(stranger.send(good))
    other = gateway.browser()
    start(gateway, other)
    assert_page_with_a_way_on(other.send(good))
    assert "__Host-postern" not in gateway.cookies_named(other, "liar")


def test_a_code_that_was_used_already_is_refused(gateway):
    browser, good = begun(gateway)
    assert browser.send(good).status in (302, 303)
    browser.jar(gateway.url("liar")).pop("__Host-postern")
    answer = browser.send(good)
    if answer.status in (302, 303):  # sent to the page: that asks anew, and does not come back here for ever
        assert browser.open(answer.location).status == 200
    else:
        assert_page_with_a_way_on(answer)


def test_the_way_on_leads_to_the_page(gateway, liar):
    """Whatever went wrong, a person gets where they wanted by the page's link."""
    browser, good = begun(gateway)
    fields = web.query(good)
    page = browser.send(f"{callback(gateway)}?code=wrong-code-wrong-code&state={fields['state']}")
    assert_page_with_a_way_on(page)
    import html
    import re
    links = [html.unescape(one) for one in re.findall(r'(?:href|action)="([^"]+)"', page.text)]
    login = [one for one in links if "/.auth/login" in one]
    target = urllib.parse.urljoin(page.url, (login or [one for one in links if one.startswith("/")])[0])
    assert browser.open(target).status == 200


def test_a_provider_error_is_a_page_and_shows_no_markup_of_the_providers(gateway, liar):
    for error in ("access_denied", "server_error", "login_required", "x<script>alert(1)</script>"):
        liar.error = error
        browser = gateway.browser()
        answer = browser.open(gateway.url("liar", "/hello.txt"))
        assert_page_with_a_way_on(answer)
        assert b"<script>alert" not in answer.body and b"<b>loud" not in answer.body


def test_an_error_without_a_state_is_a_page(gateway):
    assert_page_with_a_way_on(gateway.browser().send(callback(gateway) + "?error=access_denied"))


CLAIMS = {
    "wrong nonce": lambda claims: {**claims, "nonce": "another-nonce-of-somebody"},
    "no nonce": lambda claims: {**claims, "nonce": None},
    "wrong audience": lambda claims: {**claims, "aud": "another"},
    "two audiences, no azp": lambda claims: {**claims, "aud": ["postern", "another"], "azp": None},
    "two audiences, wrong azp": lambda claims: {**claims, "aud": ["postern", "another"], "azp": "another"},
    "wrong issuer": lambda claims: {**claims, "iss": claims["iss"] + "/"},
    "expired": lambda claims: {**claims, "exp": claims["iat"] - 120, "iat": claims["iat"] - 3600},
    "no expiry": lambda claims: {**claims, "exp": None},
    "from the future": lambda claims: {**claims, "iat": claims["iat"] + 3600, "exp": claims["exp"] + 7200},
    "no subject": lambda claims: {**claims, "sub": None},
    "a subject that is no text": lambda claims: {**claims, "sub": 17},
}


@pytest.mark.parametrize("change", CLAIMS)
def test_a_token_with_wrong_claims_is_refused(gateway, liar, change):
    liar.change_claims = CLAIMS[change]
    browser = gateway.browser()
    answer = browser.open(gateway.url("liar", "/hello.txt"))
    assert answer.status != 200 and answer.status < 600 and answer.body != OBJECTS["hello.txt"]
    assert_page_with_a_way_on(answer)
    assert "__Host-postern" not in gateway.cookies_named(browser, "liar")


def test_a_swapped_token_is_refused(gateway, liar):
    """A token that was issued to somebody else, for another sign-in."""
    other = liar.token(BOB, nonce="the-nonce-of-another-sign-in")
    liar.change_token = lambda token: other
    browser = gateway.browser()
    assert_page_with_a_way_on(browser.open(gateway.url("liar", "/hello.txt")))


@pytest.mark.parametrize("change", ["by a stranger's key", "not signed", "algorithm none", "an unknown key", "garbage"])
def test_a_token_with_a_wrong_signature_is_refused(gateway, liar, change):
    import base64
    import json

    def claims_of(token):
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    stranger = Key(liar.signing.kid)
    liar.change_token = {
        "by a stranger's key": lambda token: stranger.sign(claims_of(token)),
        "not signed": lambda token: token.rsplit(".", 1)[0] + ".",
        "algorithm none": lambda token: "eyJhbGciOiJub25lIn0." + token.split(".")[1] + ".",
        "an unknown key": lambda token: Key().sign(claims_of(token)),
        "garbage": lambda token: "garbage",
    }[change]
    browser = gateway.browser()
    answer = browser.open(gateway.url("liar", "/hello.txt"))
    assert_page_with_a_way_on(answer)
    assert "__Host-postern" not in gateway.cookies_named(browser, "liar")


def test_the_same_with_two_audiences_and_our_azp_is_accepted(gateway, liar):
    liar.change_claims = lambda claims: {**claims, "aud": ["another", "postern"], "azp": "postern"}
    assert gateway.signed_in()


# Sizes


def test_a_large_token_is_split_over_cookies_and_put_together(gateway, liar):
    liar.account = {**ALICE, "groups": ["staff", "admins"] + [web.urllib.parse.quote(f"group-{n * 7919 % 10007:05d}-"
                                                              f"{n ** 5 % 999983:06d}") for n in range(260)]}
    browser = gateway.signed_in()
    jar = gateway.cookies_named(browser, "liar")
    assert "__Host-postern.1" in jar, {name: len(cookie.value) for name, cookie in jar.items()}
    assert all(len(name) + len(cookie.value) < 4096 for name, cookie in jar.items())
    assert browser.send(gateway.url("liar", "/admin/")).status == 200
    jar.pop("__Host-postern.1")
    assert browser.send(gateway.url("liar", "/admin/")).status == 302, "half a session opens nothing"


def test_a_token_too_large_for_a_browser_is_a_page_not_a_loop(gateway, liar):
    import hashlib
    liar.account = {**ALICE, "groups": [hashlib.sha256(b"%d" % n).hexdigest() for n in range(1200)]}
    browser = gateway.browser()
    answer = browser.open(gateway.url("liar", "/hello.txt"))
    assert 400 <= answer.status < 600 and answer.status != 500 and "text/html" in answer.get("content-type", "")
    assert "href=" in answer.text or "<form" in answer.text


def test_a_smaller_session_after_a_larger_one_leaves_no_old_parts(gateway, liar):
    liar.account = {**ALICE, "groups": [f"group-{n * 7919 % 10007:05d}-{n ** 5 % 999983:06d}" for n in range(300)]}
    browser = gateway.signed_in()
    liar.account = ALICE
    browser.open(gateway.url("liar", "/.auth/login?return_to=/hello.txt"))
    assert browser.send(gateway.url("liar", "/hello.txt")).status == 200
    assert "__Host-postern.1" not in gateway.cookies_named(browser, "liar")


# Ends


def test_a_broken_cookie_asks_for_a_new_sign_in(gateway):
    browser = gateway.signed_in()
    cookie = gateway.cookies_named(browser, "liar")["__Host-postern"]
    for value in (cookie.value[:-4], "x", cookie.value[:50] + ("A" if cookie.value[50] != "A" else "B")
                  + cookie.value[51:], "A" * 4000):
        gateway.cookies_named(browser, "liar")["__Host-postern"] = web.Cookie(value, {})
        assert browser.send(gateway.url("liar", "/hello.txt")).status == 302
    assert browser.open(gateway.url("liar", "/hello.txt")).status == 200


def test_a_cookie_of_one_site_opens_no_other(gateway):
    browser = gateway.signed_in("liar")
    value = gateway.cookies_named(browser, "liar")["__Host-postern"].value
    for site in ("liar-basic", "bare", "short"):
        answer = gateway.request(site, "/hello.txt", headers={**web.NAVIGATION, "Cookie": f"__Host-postern={value}"})
        assert answer.status == 302, site


def test_a_get_of_logout_is_a_page_with_the_button_and_ends_nothing(gateway):
    browser = gateway.signed_in()
    page = browser.send(gateway.url("liar", "/.auth/logout"))
    assert page.status == 200 and "<form" in page.text and "post" in page.text.lower()
    assert browser.send(gateway.url("liar", "/hello.txt")).status == 200


def sign_out(gateway, browser, site="liar"):
    page = browser.send(gateway.url(site, "/.auth/logout"))
    return browser.submit(gateway.url(site, "/.auth/logout"), web.form(page.text))


def test_after_a_logout_a_copied_cookie_opens_nothing(gateway):
    browser = gateway.signed_in()
    copy = browser.clone()
    answer = sign_out(gateway, browser)
    assert answer.status in (200, 302, 303), str(answer)
    assert "__Host-postern" not in gateway.cookies_named(browser, "liar")
    for _ in range(8):  # whichever worker answers
        assert copy.send(gateway.url("liar", "/hello.txt")).status == 302
    assert copy.fetch(gateway.url("liar", "/.auth/me")).status == 401


def test_a_logout_of_one_session_leaves_another(gateway):
    one, two = gateway.signed_in(), gateway.signed_in()
    sign_out(gateway, one)
    assert two.send(gateway.url("liar", "/hello.txt")).status == 200


def test_a_logout_from_a_foreign_page_is_refused(gateway):
    browser = gateway.signed_in()
    browser.submit(gateway.url("liar", "/.auth/logout"), {}, Origin="https://evil.test",
                   Referer="https://evil.test/", **{"Sec-Fetch-Site": "cross-site"})
    assert browser.send(gateway.url("liar", "/hello.txt")).status == 200


def test_the_signed_out_page_is_public(gateway):
    answer = gateway.request("liar", "/.auth/signed-out")
    assert answer.status == 200 and answer.get("cache-control") == "no-store" and 'href="/' in answer.text


def test_an_idle_session_ends_and_a_used_one_goes_on_until_its_lifetime(gateway):
    url = gateway.url("short", "/hello.txt")
    used, idle = gateway.signed_in("short", "/hello.txt"), gateway.signed_in("short", "/hello.txt")
    begin = time.monotonic()
    for _ in range(5):
        time.sleep(1)
        assert used.send(url).status == 200, f"after {time.monotonic() - begin:.1f} s"
    assert idle.send(url).status == 302, "idle for longer than 3 s"
    while time.monotonic() - begin < 9.2:
        time.sleep(0.7)
        used.send(url)
    assert used.send(url).status == 302, "older than 8 s"


def test_after_the_token_expires_the_session_goes_on(gateway, liar):
    """Within the skew that tokens are given, and long after: the session has its own end."""
    liar.change_claims = lambda claims: {**claims, "iat": claims["iat"] - 100, "exp": claims["iat"] - 57}
    browser = gateway.signed_in()
    time.sleep(4)
    assert browser.send(gateway.url("liar", "/hello.txt")).status == 200
