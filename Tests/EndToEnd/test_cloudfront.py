"""People who come from cloudfront-authorization-at-edge: its cookies, its paths, and what its applications read."""

import concurrent.futures
import http.server
import os
import re
import threading
import time
import urllib.parse

import postern
import pytest
import web
from identity_rig import API, RULES, Rig, named
from lying_provider import ALICE, BOB, Key, encode

PREFIX = "CognitoIdentityServiceProvider.postern."
PATHS = {"callback_path": "/parseauth", "refresh_path": "/refreshauth", "sign_out_path": "/signout"}
PERSON = {
    **ALICE, "cognito:username": "alice@example.org", "cognito:groups": ["admins"], "token_use": "id"}
DEEP = "/sub/?a=1&b=%2F"


@pytest.fixture
def rig(build, folder, provider, request):
    provider.refresh, provider.account = True, PERSON
    one = CloudFrontRig(os.path.join(build, named(request)), folder, provider)
    yield one
    one.stop()


class CloudFrontRig(Rig):
    def __init__(self, directory, folder, provider):
        sites = {}
        for mode in ("spa", "static", "elasticsearch"):
            for cookies in ("accept", "issue", "off"):
                name = f"{mode}-{cookies}"
                sites[name] = {
                    "hosts": [], "provider": "one", "origin": "folder", "rules": RULES, "content": {"not_found": ""},
                    "cloudfront": {"cookies": cookies, "mode": mode, **PATHS}}
        self.sites = sites
        super().__init__(directory, folder, provider, sites=sites, providers={
            "one": {"issuer": provider.issuer, "client_id": "postern", "preset": "cognito", "sign_out": "none"}})

    def start(self):
        for name, site in self.sites.items():
            site["hosts"] = [self.host(name)]
        super().start()

    def before(self, site="spa-accept", *, refresh=None, user="alice%40example.org", **token):
        """A browser with the sample's cookies."""
        token.setdefault("auth_time", int(time.time()))
        browser = web.Browser()
        self.put(browser, site, self.provider.token(**token), refresh, user)
        return browser

    def put(self, browser, site, token, refresh=None, user="alice%40example.org"):
        jar, mode = self.jar(browser, site), site.split("-")[0]
        if mode == "elasticsearch":
            names = {"ID-TOKEN": token, "ACCESS-TOKEN": "access", "REFRESH-TOKEN": refresh}
        else:
            names = {f"{PREFIX}LastAuthUser": user, f"{PREFIX}{user}.idToken": token,
                     f"{PREFIX}{user}.accessToken": "access", f"{PREFIX}{user}.refreshToken": refresh,
                     f"{PREFIX}{user}.userData": "%7B%7D", "amplify-signin-with-hostedUI": "true"}
        jar.update({name: web.Cookie(value, {}) for name, value in names.items() if value})

    def refresh_token(self):
        """As the provider gave it to the sample."""
        with self.provider.lock:
            token = "refresh-" + encode(os.urandom(18))
            self.provider.refresh_tokens[token] = {"client_id": "postern", "nonce": None}
        web.note(token)
        return token

    def names(self, browser, site):
        return {name for name in self.jar(browser, site) if not name.startswith("postern")}

    def is_served(self, browser, site="spa-accept"):
        return browser.clone().send(self.url("/hello.txt", site)).status == 200


class Bucket:
    """What an origin is sent."""

    def __init__(self):
        self.heads = []
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                bucket.heads.append(self.headers.as_string())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def over():
    """The times of an ID token that is over."""
    now = int(time.time())
    return {"iat": now - 3600, "exp": now - 100, "auth_time": now - 3600}


def sealed(answer):
    return [line for line in answer.all("set-cookie") if re.match(r"postern(\.\d)?=[^;]", line)]


def test_the_config_of_the_page_holds(tmp_path):
    with open(os.path.join(postern.ROOT, "docs", "moving-from-cloudfront.md"), encoding="utf-8") as page:
        text = page.read().split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "postern.yaml"
    path.write_text(text, encoding="utf-8")
    done = postern.run("check", "--config", path, cwd=tmp_path, environment={
        "POSTERN_SESSION_KEY": postern.secret(), "AWS_ACCESS_KEY_ID": "key-id", "AWS_SECRET_ACCESS_KEY": "secret"})
    assert done.returncode == 0 and "warning" not in done.stdout.lower().replace("0 warnings", ""), done.stdout + done.stderr


# Taking over

@pytest.mark.parametrize("mode", ["spa", "static", "elasticsearch"])
def test_who_was_signed_in_stays_so(rig, provider, mode):
    site = mode + "-accept"
    browser = rig.before(site)
    answer = browser.send(rig.url(DEEP, site))
    assert answer.status == 200 and sealed(answer) and not rig.names(browser, site), str(answer)
    assert browser.fetch(rig.url("/.auth/me", site)).json()["sub"] == ALICE["sub"]
    assert not sealed(browser.send(rig.url("/hello.txt", site))) and provider.count("/authorize") == 0


def test_any_request_is_served(rig):
    browser = rig.before()
    assert browser.clone().fetch(rig.url("/hello.txt", "spa-accept")).status == 200
    assert browser.clone().send(rig.url("/hello.txt", "spa-accept"), "HEAD").status == 200
    assert browser.clone().fetch(rig.url("/.auth/me", "spa-accept")).status == 200
    assert browser.send(rig.url("/admin/", "spa-accept")).status == 200


def test_cookies_count_where_the_site_says_so(rig):
    browser = rig.before("spa-off")
    assert browser.send(rig.url("/hello.txt", "spa-off")).status == 302
    assert len(rig.names(browser, "spa-off")) == 5, "and they are left alone"


def test_removals_name_each_cookie_where_it_is(rig):
    answer = rig.before("static-accept").send(rig.url("/hello.txt", "static-accept"))
    lines = [line for line in answer.all("set-cookie") if not line.startswith("postern")]
    assert f"{PREFIX}alice%40example.org.idToken=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" in lines
    assert f"{PREFIX}alice%40example.org.refreshToken=; Path=/refreshauth; Max-Age=0; HttpOnly; SameSite=Lax" in lines


@pytest.mark.parametrize("mode", ["spa", "elasticsearch"])
def test_an_old_token_is_renewed_in_passing(rig, provider, mode):
    site = mode + "-accept"
    browser = rig.before(site, refresh=rig.refresh_token(), **over())
    answer = browser.send(rig.url(DEEP, site))
    assert answer.status == 200 and sealed(answer) and provider.renewals() == 1 and not rig.names(browser, site)
    assert rig.is_served(browser, site) and provider.renewals() == 1


def test_fifty_requests_at_once_renew_once(rig, provider):
    browser = rig.before(refresh=rig.refresh_token(), **over())
    provider.token_delay = 0.5
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: browser.clone().fetch(rig.url("/style.css", "spa-accept")), range(50)))
    assert {one.status for one in answers} == {200} and provider.renewals() == 1


def test_the_refresh_path_gets_the_refresh_token(rig, provider):
    site, token = "static-accept", rig.refresh_token()
    browser = rig.before(site, **over())
    answer = browser.send(rig.url(DEEP, site))
    assert answer.status == 302 and answer.location == rig.url(
        "/refreshauth?requestedUri=" + urllib.parse.quote(DEEP, safe=""), site)
    assert browser.clone().fetch(rig.url("/hello.txt", site)).status == 401
    rig.jar(browser, site)[f"{PREFIX}alice%40example.org.refreshToken"] = web.Cookie(token, {})
    back = browser.send(answer.location)
    assert back.status == 302 and back.location == rig.url(DEEP, site) and sealed(back), str(back)
    assert browser.send(back.location).status == 200 and provider.renewals() == 1


def test_without_a_refresh_token_the_refresh_path_signs_in(rig, provider):
    browser = rig.before("static-accept", **over())
    answer = browser.open(rig.url(DEEP, "static-accept"))
    assert answer.status == 200 and answer.url == rig.url(DEEP, "static-accept")
    assert provider.count("/authorize") == 1 and provider.renewals() == 0


def test_a_refresh_token_that_is_refused_ends_in_a_sign_in(rig, provider):
    browser = rig.before(refresh="refresh-unknown", **over())
    answer = browser.open(rig.url(DEEP, "spa-accept"))
    assert answer.status == 200 and answer.url == rig.url(DEEP, "spa-accept") and provider.count("/authorize") == 1
    assert not rig.names(browser, "spa-accept")


def test_a_provider_that_is_down_takes_nothing_away(rig, provider):
    browser = rig.before(refresh=rig.refresh_token(), **over())
    provider.failing = True
    assert browser.fetch(rig.url("/hello.txt", "spa-accept")).status == 401
    assert len(rig.names(browser, "spa-accept")) == 6
    provider.failing = False
    time.sleep(2.5)
    assert browser.fetch(rig.url("/hello.txt", "spa-accept")).status == 200


def test_a_session_is_as_old_as_the_sign_in(rig):
    now = int(time.time())
    browser = rig.before(auth_time=now - 12 * 3600 - 1)
    assert browser.send(rig.url("/hello.txt", "spa-accept")).status == 302
    assert not rig.names(browser, "spa-accept")
    assert rig.is_served(rig.before(auth_time=now - 12 * 3600 + 60))


def test_whoever_had_a_session_here_does_not_go_on_by_older_cookies(rig):
    browser = rig.before("spa-issue")
    copy = browser.clone()
    assert browser.send(rig.url("/hello.txt", "spa-issue")).status == 200 and len(rig.names(browser, "spa-issue")) == 5
    assert copy.send(rig.url("/hello.txt", "spa-issue")).status == 200
    rig.daemon.stop()
    rig.config["sites"]["spa-issue"]["session"] = {"idle": "1s", "lifetime": "1h"}
    rig.start()
    time.sleep(2)
    assert browser.send(rig.url("/hello.txt", "spa-issue")).status == 302 and not rig.names(browser, "spa-issue")


def test_the_origin_gets_none_of_the_cookies(rig):
    bucket = Bucket()
    try:
        rig.daemon.stop()
        rig.config["origins"]["bucket"] = {"s3": {
            "endpoint": bucket.url, "bucket": "bucket", "access_key_id": "key-id", "secret_access_key": "access-secret"}}
        rig.config["sites"]["spa-issue"]["origin"] = "bucket"
        rig.start()
        browser = rig.before("spa-issue", refresh=rig.refresh_token())
        assert browser.send(rig.url("/hello.txt", "spa-issue")).status == 200
        assert browser.send(rig.url("/public/x.txt", "spa-issue")).status == 200
        assert len(bucket.heads) == 2 and not any("ookie" in head or "ognito" in head for head in bucket.heads)
    finally:
        bucket.stop()


# What is not believed

def lies(provider):
    stranger = Key()
    other = Key(kid=provider.signing.kid)
    now = int(time.time())
    good = provider.token()
    unsigned = ".".join([encode(b'{"alg":"none","typ":"JWT"}'), good.split(".")[1], ""])
    return {
        "another key": provider.token(key=other), "a key of nobody's": provider.token(key=stranger),
        "another client's": provider.token(audience="other"), "another issuer's": provider.token(iss="http://localhost:1"),
        "an access token": provider.token(token_use="access"), "without token_use": provider.token(token_use=None),
        "over": provider.token(iat=now - 3600, exp=now - 1), "not yet": provider.token(nbf=now + 600),
        "unsigned": unsigned, "cut": good[:-4], "changed": good.replace(".", ".e", 1), "no token": "x", "empty": "",
        "huge": "e" * 17000,
    }


def test_what_does_not_verify_is_nobody(rig, provider):
    for site in ("spa-accept", "elasticsearch-issue"):
        for name, token in lies(provider).items():
            browser = web.Browser()
            rig.put(browser, site, token or "", "refresh-stolen")
            if not token:
                rig.jar(browser, site)[f"{PREFIX}alice.idToken"] = web.Cookie("", {})
            if name == "over":
                for one in [one for one in rig.jar(browser, site) if "efresh" in one or "REFRESH" in one]:
                    del rig.jar(browser, site)[one]
            answer = browser.send(rig.url("/hello.txt", site))
            assert answer.status == 302 and answer.location.startswith(provider.issuer), f"{name}: {answer}"
            assert not sealed(answer) and browser.fetch(rig.url("/.auth/me", site)).status == 401, name
    assert provider.renewals() == 0, "a token that does not verify renews nothing"


def test_names_and_user_data_are_not_believed(rig, provider):
    browser = web.Browser()
    jar = rig.jar(browser, "spa-accept")
    token = provider.token({**BOB, "token_use": "id"}, auth_time=int(time.time()))
    for name, value in {"LastAuthUser": "alice", "alice.idToken": token,
                        "alice.userData": urllib.parse.quote('{"Username":"alice"}')}.items():
        jar[PREFIX + name] = web.Cookie(value, {})
    assert browser.fetch(rig.url("/.auth/me", "spa-accept")).json()["sub"] == BOB["sub"]


def test_a_cookie_that_comes_twice_is_none(rig, provider):
    token = provider.token(auth_time=int(time.time()))
    line = f"{PREFIX}a.idToken={token}; {PREFIX}a.idToken={token}"
    answer = rig.send("/hello.txt", "spa-accept", headers={**web.NAVIGATION, "Cookie": line})
    assert answer.status == 302 and not sealed(answer)
    two = f"{PREFIX}a.idToken={token}; {PREFIX}b.idToken={token}"
    assert rig.send("/hello.txt", "spa-accept", headers={**web.NAVIGATION, "Cookie": two}).status == 302
    one = two + f"; {PREFIX}LastAuthUser=b"
    assert rig.send("/hello.txt", "spa-accept", headers={**web.NAVIGATION, "Cookie": one}).status == 200


def test_thousands_of_cookies_are_harmless(rig):
    line = "; ".join(f"{PREFIX}{n}.idToken={n}" for n in range(500))
    odd = f"; {PREFIX}a@b.idToken=x; {PREFIX}\xe9.idToken=\"; {PREFIX}=; {PREFIX}.idToken; =; {PREFIX}%zz.idToken=%zz"
    answer = rig.send("/hello.txt", "spa-accept", headers={**web.NAVIGATION, "Cookie": line + odd})
    assert answer.status == 302 and len(answer.all("set-cookie")) < 40
    answer = rig.send("/hello.txt", "spa-accept", headers={**web.NAVIGATION, "Cookie": odd[2:]})
    assert answer.status == 302 and any("a@b" in one for one in answer.all("set-cookie"))
    assert rig.daemon.process.is_running()


# Sign-out

def signed_out(rig, browser, site):
    page = browser.send(rig.url("/signout", site))
    assert page.status == 200
    answer = browser.submit(rig.url("/.auth/logout", site), web.form(page.text))
    assert answer.status == 303
    return answer


@pytest.mark.parametrize("is_taken_over", [True, False])
def test_after_sign_out_no_copy_of_the_cookies_opens_anything(rig, provider, is_taken_over):
    site = "spa-accept"
    begun = int(time.time()) - 1800
    browser = rig.before(refresh=rig.refresh_token(), auth_time=begun)
    copy, older = browser.clone(), rig.before(refresh=rig.refresh_token(), **{**over(), "auth_time": begun})
    elder = rig.before(auth_time=begun - 60)
    if is_taken_over:
        assert browser.send(rig.url("/hello.txt", site)).status == 200
        assert rig.is_served(copy), "until then they are good"
    signed_out(rig, browser, site)
    assert not rig.names(browser, site)
    for one in (browser, copy, older, elder):
        assert not rig.is_served(one) and one.clone().fetch(rig.url("/.auth/me", site)).status == 401
    assert provider.renewals() == 0
    assert rig.is_served(rig.before(account={**PERSON, **BOB})), "nobody else is signed out"
    rig.daemon.stop()
    rig.start()
    assert not rig.is_served(copy) and not rig.is_served(older), "nor after a restart"


def test_cookies_that_were_issued_open_nothing_after_sign_out(rig):
    site = "spa-issue"
    browser = web.Browser()
    assert browser.open(rig.url("/hello.txt", site)).status == 200
    copy = browser.clone()
    for name in [name for name in rig.jar(copy, site) if name.startswith("postern")]:
        del rig.jar(copy, site)[name]
    assert rig.is_served(copy, site)
    signed_out(rig, browser, site)
    assert not rig.names(browser, site) and not rig.is_served(copy, site)


def test_a_link_signs_nobody_out(rig):
    browser = rig.before()
    assert browser.send(rig.url("/signout", "spa-accept")).status == 200 and rig.is_served(browser)
    forged = browser.send(rig.url("/signout", "spa-accept"), "POST", {
        "Content-Length": "0", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert forged.status == 400 and rig.is_served(browser)
    assert not rig.is_served(web.Browser())


# Paths

def test_the_paths_are_the_samples(rig, provider):
    browser = web.Browser()
    answer = browser.send(rig.url(DEEP, "spa-accept"))
    assert web.query(answer.location)["redirect_uri"] == rig.url("/parseauth", "spa-accept")
    back = browser.send(browser.send(answer.location).location)
    assert back.status == 302 and back.location == rig.url(DEEP, "spa-accept")
    assert browser.send(rig.url("/parseauth", "spa-accept"), "POST", {"Content-Length": "0"}).status == 405
    assert browser.send(rig.url("/refreshauth?requestedUri=%2Fhello.txt", "spa-accept")).location == rig.url(
        "/hello.txt", "spa-accept")


@pytest.mark.parametrize("target", [
    "https://evil.example/", "//evil.example", "/\\evil.example", "/%09/evil.example", "/%2F/evil.example",
    "/refreshauth?requestedUri=/", "/parseauth", "/signout", "/.auth/logout", "x", "", "/" + "a" * 3000, "/a\r\nSet-Cookie:b=c"])
def test_the_refresh_path_leads_nowhere_else(rig, target):
    browser = rig.before()
    path = "/refreshauth?requestedUri=" + urllib.parse.quote(target, safe="")
    answer = browser.send(rig.url(path, "spa-accept"))
    assert answer.status == 302 and answer.get("location") == "/", str(answer)


def test_the_refresh_path_without_anybody(rig, provider):
    answer = web.Browser().send(rig.url("/refreshauth?requestedUri=%2Fhello.txt", "spa-accept"))
    assert answer.status == 302 and answer.location.startswith(provider.issuer)
    assert rig.send("/refreshauth", "spa-accept", headers=API).status == 401


# Issuing

ATTRIBUTES = {"spa": "SameSite=Lax", "static": "HttpOnly; SameSite=Lax", "elasticsearch": "HttpOnly; SameSite=Lax"}


@pytest.mark.parametrize("mode", ["spa", "static", "elasticsearch"])
def test_applications_find_the_cookies_that_they_read(rig, provider, mode):
    site, browser = mode + "-issue", web.Browser()
    provider.lifetime = 4
    callback = browser.send(browser.send(rig.url("/hello.txt", site)).location).location
    answer = browser.send(callback)
    check_issued(answer, mode)
    first = {name: cookie.value for name, cookie in rig.jar(browser, site).items()}
    time.sleep(4.1)
    renewed = browser.send(rig.url("/hello.txt", site))
    assert renewed.status == 200 and provider.renewals() == 1
    check_issued(renewed, mode)
    user = "ID-TOKEN" if mode == "elasticsearch" else f"{PREFIX}alice%40example.org.idToken"
    assert rig.jar(browser, site)[user].value != first[user]
    again = browser.send(rig.url("/style.css", site)).all("set-cookie")
    assert not [line for line in again if not line.startswith("postern-browser")]


def check_issued(answer, mode):
    lines = dict(line.split("=", 1) for line in answer.all("set-cookie") if not line.startswith("postern"))
    attributes = ATTRIBUTES[mode]
    if mode == "elasticsearch":
        assert set(lines) == {"ID-TOKEN", "ACCESS-TOKEN", "REFRESH-TOKEN", "COGNITO-ENABLED"}
        assert lines.pop("COGNITO-ENABLED") == "True; Path=/; SameSite=Lax"
        path = dict.fromkeys(lines, "/")
    else:
        user = PREFIX + "alice%40example.org"
        assert set(lines) == {f"{PREFIX}LastAuthUser", "amplify-signin-with-hostedUI", *(
            f"{user}.{one}" for one in ("idToken", "accessToken", "refreshToken", "userData", "tokenScopesString"))}
        assert lines[f"{PREFIX}LastAuthUser"].split(";")[0] == "alice%40example.org"
        assert urllib.parse.unquote(lines[f"{user}.userData"].split(";")[0]) == (
            '{"UserAttributes":[{"Name":"sub","Value":"alice-1"},{"Name":"email","Value":"alice@example.org"}],'
            '"Username":"alice@example.org"}')
        assert lines[f"{user}.tokenScopesString"].split(";")[0] == "openid%20email%20profile"
        path = {name: "/refreshauth" if mode == "static" and name.endswith("refreshToken") else "/" for name in lines}
    for name, rest in lines.items():
        assert rest.split("; ", 1)[1] == f"Path={path[name]}; {attributes}", name


def test_cookies_that_browsers_would_drop_are_not_set(rig, provider):
    provider.account = {**PERSON, "note": encode(os.urandom(3300))}
    browser = web.Browser()
    assert browser.open(rig.url("/hello.txt", "spa-issue")).status == 200
    assert not rig.names(browser, "spa-issue")
    assert any("do not fit into the sample's cookies" in one.get("msg", one.get("message", "")) for one in rig.daemon.records())
    assert provider.account["note"] not in rig.daemon.process.log_text()
