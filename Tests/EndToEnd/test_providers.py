"""What a provider may be like, and how Postern proves itself to it: algorithms, client authentication, pushed requests,
several providers at a site, presets, bearer tokens. A daemon and providers of each test's own."""

import html
import os
import re
import time
import urllib.parse

import postern
import pytest
import web
from capable_provider import CapableProvider
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lying_provider import ALICE, BOB, Key
from own_daemon import SECRET, daemon, folder, provider, signed_in  # noqa: F401: fixtures

# Signature algorithms

@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"])
def test_tokens_of_every_algorithm_that_the_config_names(daemon, provider, alg):
    provider.signing = Key(alg=alg)
    provider.published = [provider.signing]
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "signing_algorithms": alg}})
    signed_in(one)
    assert one.bearer(provider.token()).status == 200


def test_an_algorithm_that_the_config_does_not_name_is_refused(daemon, provider):
    first, second = Key(alg="RS256"), Key(alg="ES256")
    provider.signing, provider.published = first, [first, second]
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    signed_in(one)
    provider.signing = second
    answer = web.Browser().open(one.url + "/hello.txt")
    assert answer.status == 400, str(answer)
    assert one.event("a sign-in failed")["reason"] == "ID token: algorithm"
    assert one.bearer(provider.token()).status == 401


def test_keys_for_other_algorithms_alone_are_no_keys(daemon, provider):
    provider.published = [Key(alg="ES256")]
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}}, ready="/healthz")
    assert not one.status("/readyz")
    assert "holds no key for RS256" in one.event("could not be fetched")["reason"]


# Client authentication

KINDS = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048), "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def client_key(build, provider, alg):
    """A new key of the client "keyed": the provider knows its public half, and the path is of the private one."""
    key = KINDS[alg]()
    provider.clients["keyed"] = "no secret of this one is ever right"
    provider.client_keys["keyed"] = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path = os.path.join(build, f"client-{alg}.pem")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.mark.parametrize("alg", KINDS)
def test_a_client_proves_itself_by_its_key(build, daemon, provider, alg):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "keyed", "client_auth": "private_key_jwt",
                           "client_key": "file:" + client_key(build, provider, alg), "client_key_id": "mine"}})
    signed_in(one)
    signed_in(one)
    (first, claims), _ = provider.assertions
    assert first == {"alg": alg, "typ": "JWT", "kid": "mine"}
    assert claims["exp"] - claims["iat"] == 60 and claims["aud"] == provider.issuer + "/token"


def test_an_rsa_key_signs_as_the_provider_wants_it(build, daemon, provider):
    provider.assertion_algorithms = ["ES256", "PS256"]
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "keyed",
                           "client_key": "file:" + client_key(build, provider, "RS256")}})
    signed_in(one)
    assert provider.assertions[0][0] == {"alg": "PS256", "typ": "JWT"}


def test_an_assertion_may_be_for_the_issuer(build, daemon, provider):
    provider.assertion_audience = provider.issuer
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "keyed", "client_assertion_audience": "issuer",
                           "client_key": "file:" + client_key(build, provider, "ES256")}})
    signed_in(one)


def test_no_assertion_is_for_a_token_endpoint_elsewhere(build, daemon, provider):
    """A dishonest provider names another's token endpoint as its own: what it is sent must be of no use there."""
    victim = CapableProvider({})
    try:
        provider.more_metadata = {"token_endpoint": victim.issuer + "/token"}
        victim.client_keys = provider.client_keys
        one = daemon({"liar": {"issuer": provider.issuer, "client_id": "keyed",
                               "client_key": "file:" + client_key(build, provider, "ES256")}})
        assert web.Browser().open(one.url + "/hello.txt").status == 400
        assert victim.assertions[0][1]["aud"] == provider.issuer
    finally:
        victim.stop()


@pytest.mark.parametrize("pem, words", [
    ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "it is no private key in PEM"),
    (None, "the key is neither RSA of 2048 bits or more"),
])
def test_a_client_key_of_no_use_is_a_fault(build, folder, pem, words):
    key = rsa.generate_private_key(65537, 1024)
    pem = pem or key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path = os.path.join(build, "no-client-key.pem")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(pem)
    result = check(build, folder, {"client_key": "file:" + path})
    assert result.returncode == 78 and f"providers.corp.client_key: {words}" in result.stderr, result.stderr


def check(build, folder, corp, **site):
    """What `check` says of a config with this provider."""
    path = os.path.join(build, "check.yaml")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(postern.to_yaml({
            "listeners": {"plain": {"address": "127.0.0.1:8080"}}, "session_keys": [postern.secret()],
            "providers": {"corp": {"issuer": "https://id.example.com", "client_id": "postern", **corp}},
            "origins": {"folder": {"directory": folder}},
            "sites": {"docs": {"hosts": ["localhost:8080"], "provider": "corp", "origin": "folder", **site}}}))
    return postern.run("check", "--config", path)


# Pushed authorization requests

@pytest.mark.parametrize("client", ["postern", "secretive", "posted", "keyed"])
@pytest.mark.parametrize("pushed", ["offered", "required"])
def test_an_authorization_request_is_pushed_where_the_provider_has_that(build, daemon, provider, client, pushed):
    provider.pushed = pushed
    provider.clients["posted"] = SECRET
    more = {"secretive": {"client_secret": SECRET}, "posted": {"client_secret": SECRET, "client_auth": "post"},
            "keyed": {"client_key": "file:" + client_key(build, provider, "ES256")}}
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": client, **more.get(client, {}),
                           "authorization_parameters": {"ui_locales": "de fr"}}})
    browser = web.Browser()
    location = browser.send(one.url + "/hello.txt").location
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
    assert set(query) == {"client_id", "request_uri"}
    assert provider.requests[query["request_uri"]]["ui_locales"] == "de fr"
    assert browser.open(location).body == b"hello"


def test_pushing_can_be_turned_off(daemon, provider):
    provider.pushed = "offered"
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "pushed_authorization": "off"}})
    signed_in(one)
    assert provider.count("/par") == 0


def test_a_push_that_is_refused_is_done_without_where_that_is_allowed(daemon, provider):
    provider.pushed = "broken"
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    for _ in range(3):
        signed_in(one)
    assert provider.count("/par") == 1, "it is left alone for a while"
    assert "unauthorized_client" in one.event("an authorization request could not be pushed")["reason"]


@pytest.mark.parametrize("pushed", [None, "broken"])
def test_where_pushing_is_required_nobody_signs_in_without(daemon, provider, pushed):
    provider.pushed = pushed
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "pushed_authorization": "required"}})
    answer = web.Browser().open(one.url + "/hello.txt")
    assert answer.status == 503 and answer.get("retry-after") == "10"
    assert provider.count("/authorize") == 0


# Authorization parameters

def test_parameters_of_the_config_go_along(daemon, provider):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "authorization_parameters": {
        "prompt": "login", "identity_provider": "Corp & Co", "claims": '{"id_token":{"groups":null}}'}}})
    query = lambda url: urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    asked = query(web.Browser().send(one.url + "/hello.txt").location)
    assert asked["prompt"] == ["login"] and asked["identity_provider"] == ["Corp & Co"]
    assert asked["claims"] == ['{"id_token":{"groups":null}}']
    asked = query(web.Browser().send(one.url + "/.auth/login?prompt=select_account").location)
    assert asked["prompt"] == ["select_account"], "asking for another account goes before the config's prompt"


@pytest.mark.parametrize("name", ["state", "redirect_uri", "response_mode", "code_challenge_method", "request_uri"])
def test_parameters_of_posterns_own_cannot_be_set(build, folder, name):
    result = check(build, folder, {"authorization_parameters": {name: "x"}})
    assert result.returncode == 78
    assert f"providers.corp.authorization_parameters.{name}: '{name}' is a parameter that only Postern" in result.stderr


# The issuer in the callback (RFC 9207)

def test_a_callback_that_names_its_issuer(daemon, provider):
    provider.sends_issuer = True
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    signed_in(one)
    provider.sends_issuer = "https://other.example"
    answer = web.Browser().open(one.url + "/hello.txt")
    assert answer.status == 400 and provider.count("/token") == 1, "no code of another issuer's callback is used"


# Userinfo

def test_userinfo_adds_what_the_token_lacks(daemon, provider):
    provider.userinfo = lambda account: {"sub": account["sub"], "name": "Not Alice", "groups": ["admins"],
                                         "department": "optics", "acr": "high", "email_verified": True}
    provider.change_claims = lambda claims: {name: value for name, value in claims.items()
                                             if name not in ("groups", "email_verified")}
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "userinfo": True}}, rules={
        "/admin/**": "groups:admins", "/hello.txt": "claim:department=optics", "/acr/**": "claim:acr=high",
        "/**": "signed-in"})
    browser = signed_in(one)
    for _ in range(2):
        me = browser.send(one.url + "/.auth/me").json()
        assert me["name"] == "Alice Aster" and me["groups"] == ["admins"]
        assert browser.send(one.url + "/admin/").status == 200
        assert browser.send(one.url + "/acr/").status == 403, "how somebody signed in is the token's to say"
    assert provider.count("/userinfo") == 1


def test_userinfo_of_somebody_else_ends_the_sign_in(daemon, provider):
    provider.userinfo = lambda account: {"sub": "somebody", "groups": ["admins"]}
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "userinfo": True}})
    assert web.Browser().open(one.url + "/hello.txt").status == 400
    assert one.event("a sign-in failed")["reason"] == "userinfo: subject"


@pytest.mark.parametrize("answer, status", [(500, 503), (401, 503), ([], 400), ({"groups": ["admins"]}, 400)])
def test_userinfo_that_cannot_be_used_ends_the_sign_in(daemon, provider, answer, status):
    provider.userinfo = lambda account: answer
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "userinfo": True}})
    assert web.Browser().open(one.url + "/hello.txt").status == status


@pytest.mark.parametrize("change, status", [
    ({}, 200), ({"iss": "https://other.example"}, 400), ({"aud": "other"}, 400), ({"sub": "somebody"}, 400)])
def test_userinfo_may_be_signed(daemon, provider, change, status):
    provider.userinfo = lambda account: provider.signing.sign(
        {"iss": provider.issuer, "aud": "postern", "sub": account["sub"], "groups": ["admins"], **change}).encode()
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "userinfo": True}})
    assert web.Browser().open(one.url + "/hello.txt").status == status


def test_userinfo_signed_by_a_stranger_ends_the_sign_in(daemon, provider):
    stranger = Key(provider.signing.kid)
    provider.userinfo = lambda account: stranger.sign(
        {"iss": provider.issuer, "aud": "postern", "sub": account["sub"]}).encode()
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "userinfo": True}})
    assert web.Browser().open(one.url + "/hello.txt").status == 400


def test_a_renewal_asks_userinfo_again_and_loses_nothing_where_it_cannot(daemon, provider):
    provider.refresh, provider.lifetime = True, 2
    said = {"groups": ["admins"]}
    provider.userinfo = lambda account: {"sub": account["sub"], **said} if said else 500
    provider.change_claims = lambda claims: {name: value for name, value in claims.items() if name != "groups"}
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "userinfo": True}})
    browser = signed_in(one)
    for groups, status in ((["admins"], 200), (None, 200), (["staff"], 403)):
        said.clear()
        said.update({"groups": groups} if groups else {})
        time.sleep(2.1)
        before = provider.count("/userinfo")
        assert browser.send(one.url + "/admin/").status == status, groups
        assert provider.count("/userinfo") == before + 1
        assert browser.send(one.url + "/admin/").status == status, groups


def test_userinfo_is_not_asked_where_nobody_wants_it(daemon, provider):
    provider.userinfo = lambda account: {"sub": account["sub"]}
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    signed_in(one)
    assert provider.count("/userinfo") == 0


# Several providers

@pytest.fixture
def partner():
    one = CapableProvider({"postern-2": None})
    one.account = BOB
    yield one
    one.stop()


def two(provider, partner, **more):
    """The providers of a site with two; `more` is the second one's."""
    return {"corp": {"issuer": provider.issuer, "client_id": "postern", "display_name": "The <Corp> & Co"},
            "partner": {"issuer": partner.issuer, "client_id": "postern-2", **more}}


def chosen(one, browser, name, path="/hello.txt"):
    """Where the browser is sent after it has chosen a provider on the page."""
    answer = browser.open(one.url + path)
    assert answer.status == 200, str(answer)
    links = [html.unescape(link) for link in re.findall(r'href="([^"]*/login\?[^"]*)"', answer.text)]
    link, = [link for link in links if dict(urllib.parse.parse_qsl(link.partition("?")[2])).get("provider") == name]
    return browser.send(one.url + link).location


def test_of_several_providers_a_page_lets_people_choose(daemon, provider, partner):
    one = daemon(two(provider, partner), at=["corp", "partner"])
    browser = web.Browser()
    answer = browser.send(one.url + "/hello.txt?a=b")
    assert answer.status == 302 and answer.location.startswith(one.url + "/.auth/login?return_to="), str(answer)
    answer = browser.send(answer.location)
    assert answer.status == 200 and answer.get("cache-control") == "no-store"
    assert "The &lt;Corp&gt; &amp; Co" in answer.text and ">partner<" in answer.text
    assert "<script" not in answer.text and answer.text.index("Corp") < answer.text.index(">partner<")
    assert provider.count("/authorize") == partner.count("/authorize") == 0
    for name, other, account in (("corp", provider, ALICE), ("partner", partner, BOB)):
        browser = web.Browser()
        assert browser.open(chosen(one, browser, name)).body == b"hello"
        assert browser.send(one.url + "/.auth/me").json()["sub"] == account["sub"]
        assert other.count("/token") == 1


def test_what_is_no_navigation_is_told_where_to_choose(daemon, provider, partner):
    one = daemon(two(provider, partner), at=["corp", "partner"])
    answer = web.request(one.port, "/hello.txt", host=f"localhost:{one.port}", headers={"Accept": "application/json"})
    assert answer.status == 401 and answer.json()["login_url"] == "/.auth/login?return_to=%2Fhello.txt"


@pytest.mark.parametrize("name", ["", "nobody", "corp%00", "../corp", "CORP"])
def test_a_provider_that_the_site_has_not_cannot_be_chosen(daemon, provider, partner, name):
    providers = {**two(provider, partner), "nobody": {"issuer": partner.issuer, "client_id": "postern-2"}}
    one = daemon(providers, at=["corp", "partner"])
    answer = web.Browser().send(one.url + "/.auth/login?provider=" + name)
    assert answer.status == 200 and "Choose" in answer.text


def test_another_account_may_be_anothers(daemon, provider, partner):
    one = daemon(two(provider, partner), at=["corp", "partner"])
    answer = web.Browser().send(one.url + "/.auth/login?prompt=select_account&return_to=/admin/")
    link = html.unescape(re.findall(r'href="([^"]*provider=partner[^"]*)"', answer.text)[0])
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(web.Browser().send(one.url + link).location).query)
    assert query["prompt"] == ["select_account"] and query["client_id"] == ["postern-2"]


def test_each_session_holds_by_its_own_providers_keys(daemon, provider, partner):
    one = daemon(two(provider, partner), at=["corp", "partner"])
    browsers = {}
    for name in ("corp", "partner"):
        browsers[name] = web.Browser()
        browsers[name].open(chosen(one, browsers[name], name))
    partner.published = partner.published + [Key()]
    partner.signing, partner.published = partner.published[1], partner.published[1:]
    fresh = web.Browser()
    assert fresh.open(chosen(one, fresh, "partner")).status == 200, "the new key is fetched"
    assert browsers["corp"].send(one.url + "/hello.txt").status == 200
    assert browsers["partner"].send(one.url + "/hello.txt").status == 302, "its key was withdrawn"


def test_one_provider_down_leaves_the_other(daemon, provider, partner):
    partner.stop()
    one = daemon(two(provider, partner), at=["corp", "partner"], ready="/healthz")
    browser = web.Browser()
    eventually(lambda: browser.send(one.url + "/.auth/login?provider=corp").status == 302)
    assert browser.open(chosen(one, browser, "corp")).body == b"hello"
    assert browser.send(one.url + "/.auth/login?provider=partner").status == 503
    assert one.bearer(provider.token()).status == 200


def test_a_logout_token_is_matched_by_its_issuer(daemon, provider, partner):
    one = daemon(two(provider, partner), at=["corp", "partner"])
    browser = web.Browser()
    assert browser.open(chosen(one, browser, "partner")).status == 200
    partner.signing = Key()
    partner.published.append(partner.signing)
    before = provider.count("/jwks")
    assert back_channel(one, partner) == 200, "the key is new, and its own provider is asked for it"
    assert provider.count("/jwks") == before
    assert browser.send(one.url + "/hello.txt").status == 302


def test_a_logout_token_holds_while_another_provider_is_down(daemon, provider, partner):
    provider.stop()
    one = daemon(two(provider, partner), at=["corp", "partner"], ready="/healthz")
    eventually(lambda: back_channel(one, partner) == 200)
    assert back_channel(one, provider) == 503


def back_channel(one, provider):
    """The status of the answer to a logout token of the provider's."""
    client = next(iter(provider.clients))
    token = provider.token(provider.account, audience=client, jti=os.urandom(8).hex(), exp=int(time.time()) + 60,
                           events={"http://schemas.openid.net/event/backchannel-logout": {}})
    return web.request(one.port, "/.auth/backchannel-logout", host=f"localhost:{one.port}", method="POST",
                       headers={"Content-Type": "application/x-www-form-urlencoded"},
                       body=f"logout_token={token}".encode()).status


def eventually(check, seconds=10):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def test_a_code_of_one_provider_is_not_taken_to_another_that_names_itself(daemon, provider, partner):
    """The mix-up (RFC 9700 section 4.4): somebody begins at a dishonest provider, which sends them on to an honest one;
    the honest one's code comes back with the dishonest one's state."""
    provider.sends_issuer = True
    one = daemon(two(provider, partner), at=["corp", "partner"])
    browser = web.Browser()
    begun = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(chosen(one, browser, "partner")).query))
    provider.clients["postern"] = None
    query = urllib.parse.urlencode({**begun, "client_id": "postern"})
    back = browser.send(f"{provider.issuer}/authorize?{query}").location
    answer = browser.send(back)
    assert answer.status == 400, str(answer)
    assert partner.count("/token") == 0, "the dishonest provider has not seen the code"


def test_a_code_of_one_provider_is_not_taken_to_another_with_a_callback_of_its_own(daemon, provider, partner):
    one = daemon(two(provider, partner, own_callback=True), at=["corp", "partner"])
    browser = web.Browser()
    location = chosen(one, browser, "partner")
    begun = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
    assert begun["redirect_uri"] == one.url + "/.auth/callback/partner"
    # The honest provider sends its answers to the address that is registered there, and nowhere else.
    query = urllib.parse.urlencode({**begun, "client_id": "postern", "redirect_uri": one.url + "/.auth/callback"})
    answer = browser.send(browser.send(f"{provider.issuer}/authorize?{query}").location)
    assert answer.status == 400 and partner.count("/token") == provider.count("/token") == 0
    assert "another provider's redirect URI" in one.event("a sign-in failed")["reason"]
    assert browser.open(chosen(one, browser, "partner")).body == b"hello"
    browser = web.Browser()
    back = browser.send(chosen(one, browser, "corp")).location
    answer = browser.send(back.replace("/.auth/callback", "/.auth/callback/partner"))
    assert answer.status == 400
    for name in ("corp", "nobody", "partner/x"):
        assert browser.send(one.url + "/.auth/callback/" + name).status == 404


def test_a_state_of_a_provider_that_the_site_has_no_more_is_refused(daemon, provider, partner):
    """Two daemons with the same keys, as before and after a change of the config."""
    one = daemon(two(provider, partner), at=["corp", "partner"])
    browser = web.Browser()
    back = browser.send(chosen(one, browser, "partner")).location
    one.stop()
    one.config["sites"]["docs"]["provider"] = "corp"
    again = postern.Postern(one.directory, {name: value for name, value in one.config.items() if name != "admin"})
    try:
        assert browser.send(back).status == 400 and partner.count("/token") == 0
    finally:
        again.stop()


@pytest.mark.parametrize("at, words", [
    ([], "sites.docs.provider: no provider is named"), (["corp", "corp"], "sites.docs.provider: 'corp' stands there twice"),
    (["corp", "crop"], "sites.docs.provider: there is no provider 'crop'. Did you mean 'corp'?"),
])
def test_faults_of_several_providers(build, folder, at, words):
    result = check(build, folder, {}, provider=at)
    assert result.returncode == 78 and words in result.stderr, result.stderr


# Bearer tokens

def test_a_bearer_token_is_matched_by_its_issuer(daemon, provider, partner):
    one = daemon(two(provider, partner), at=["corp", "partner"])
    assert one.bearer(provider.token()).status == 200
    assert one.bearer(partner.token(audience="postern-2")).status == 200
    assert one.bearer(provider.token(audience="postern-2")).status == 401, "the other's client"
    assert one.bearer(partner.token(audience="postern-2", iss=provider.issuer)).status == 401, "the other's keys"
    assert one.bearer(provider.token(iss="https://elsewhere.example")).status == 401


def test_two_clients_of_one_issuer(daemon, provider):
    providers = {name: {"issuer": provider.issuer, "client_id": name} for name in ("one", "other")}
    one = daemon(providers, at=["one", "other"])
    for audience, status in (("one", 200), ("other", 200), ("third", 401)):
        assert one.bearer(provider.token(audience=audience)).status == status


def test_the_audiences_of_bearer_tokens_are_the_configs(daemon, provider):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern",
                           "bearer": {"audiences": ["api://docs", "api://more"]}}})
    for audience, status in (("api://docs", 200), (["x", "api://more"], 200), ("postern", 401), ("api://doc", 401)):
        assert one.bearer(provider.token(audience=audience)).status == status
    signed_in(one)


def test_scopes_that_a_bearer_token_must_have(daemon, provider):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern",
                           "bearer": {"scopes": ["docs.read", "docs.list"]}}})
    for claims, status in (
            ({"scope": "docs.list other docs.read"}, 200), ({"scp": ["docs.read", "docs.list"]}, 200),
            ({"scp": "docs.read docs.list"}, 200), ({"scope": "docs.read"}, 403), ({}, 403), ({"scope": 1}, 403),
            ({"scope": "docs.read,docs.list"}, 403), ({"scope": "DOCS.READ docs.list"}, 403)):
        token = provider.token(**claims)
        for _ in range(2):
            answer = one.bearer(token)
            assert answer.status == status, (claims, str(answer))
        if status == 403:
            assert answer.get("www-authenticate") == \
                'Bearer error="insufficient_scope", scope="docs.read docs.list"'
            assert answer.json()["error"] == "insufficient_scope"
    signed_in(one)


def test_bearer_tokens_can_be_turned_off(daemon, provider):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern", "bearer": {"accept": False}}})
    assert one.bearer(provider.token()).status == 401
    signed_in(one)


@pytest.mark.parametrize("claims, header", [
    ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "sid": "s"}, {}),
    ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, {"typ": "logout+jwt"}),
    ({}, {"typ": "logout+jwt"}), ({}, {"typ": "dpop+jwt"}), ({}, {"typ": "secevent+jwt"}),
    ({}, {"typ": "oauth-authz-req+jwt"}), ({}, {"typ": "token-introspection+jwt"}),
    ({"cnf": {"jkt": "x"}}, {"typ": "at+jwt"}), ({"cnf": {"x5t#S256": "x"}}, {}), ({"exp": None}, {}),
    ({"sub": None}, {}), ({"iss": None}, {}), ({"aud": None}, {}), ({}, {"crit": ["exp"]}),
])
def test_what_is_no_bearer_token_of_ours(daemon, provider, claims, header):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    now = int(time.time())
    good = {"iss": provider.issuer, "aud": "postern", "iat": now, "exp": now + 60, **ALICE}
    token = provider.signing.sign({k: v for k, v in {**good, **claims}.items() if v is not None}, **header)
    answer = one.bearer(token)
    assert answer.status == 401 and answer.get("www-authenticate") == 'Bearer error="invalid_token"'
    assert one.bearer(provider.signing.sign(good, typ="at+jwt")).status == 200


def test_a_token_that_is_shown_often_is_verified_once(daemon, provider):
    one = daemon({"liar": {"issuer": provider.issuer, "client_id": "postern"}})
    token = provider.token()
    assert all(one.bearer(token).status == 200 for _ in range(50))
    provider.published = [Key()]
    assert one.bearer(provider.token(key=provider.published[0])).status == 200, "the keys are fetched again"
    assert one.bearer(token).status == 401, "what was verified by the old ones counts no more"


# Presets

def query_of(url):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)


def test_cognito(daemon, provider):
    provider.account = {"sub": "alice-1", "email": "alice@example.org", "cognito:groups": ["admins"], "groups": ["no"],
                        "cognito:username": "alice", "token_use": "id"}
    one = daemon({"pool": {
        "preset": "cognito", "issuer": provider.issuer, "client_id": "postern",
        "scopes": ["openid", "email", "offline_access"], "authorization_parameters": {"identity_provider": "CorpSAML"}}})
    browser = signed_in(one)
    assert browser.send(one.url + "/.auth/me").json()["groups"] == ["admins"]
    asked = query_of(web.Browser().send(one.url + "/hello.txt").location)
    assert asked["scope"] == ["openid email"] and asked["identity_provider"] == ["CorpSAML"]
    access = {"aud": None, "client_id": "postern", "token_use": "access", "scope": "openid"}
    for claims, status in (({}, 200), (access, 200), ({**access, "client_id": "other"}, 401),
                           ({**access, "client_id": None}, 401), ({"token_use": None}, 401),
                           ({"token_use": "refresh"}, 401), ({"token_use": "id", "aud": None, "client_id": "postern"}, 401)):
        assert one.bearer(provider.token(**{**provider.account, **claims}, account={"sub": "x"})).status == status, claims
    for use in ("access", None):
        provider.change_claims = lambda claims, use=use: {**claims, "token_use": use}
        assert web.Browser().open(one.url + "/hello.txt").status == 400


TENANT, OTHER_TENANT = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"


def entra(provider, **more):
    provider.more_metadata = {"issuer": provider.issuer + "/{tenantid}/v2.0"}
    provider.account = {**ALICE, "email_verified": None, "tid": TENANT, "iss": f"{provider.issuer}/{TENANT}/v2.0"}
    return {"entra": {"preset": "entra", "issuer": provider.issuer + "/common/v2.0", "client_id": "postern", **more}}


def test_entra_for_many_tenants(daemon, provider):
    one = daemon(entra(provider, tenants=[TENANT.upper()]))
    signed_in(one)
    issuer = lambda tenant: f"{provider.issuer}/{tenant}/v2.0"
    for claims, status in (
            ({}, 200), ({"tid": OTHER_TENANT, "iss": issuer(OTHER_TENANT)}, 401), ({"tid": OTHER_TENANT}, 401),
            ({"iss": issuer(OTHER_TENANT)}, 401), ({"tid": None}, 401), ({"iss": issuer("{tenantid}")}, 401),
            ({"tid": "common", "iss": issuer("common")}, 401), ({"tid": [TENANT]}, 401),
            ({"iss": provider.issuer + "/common/v2.0"}, 401)):
        assert one.bearer(provider.token({**provider.account, **claims})).status == status, claims


@pytest.mark.parametrize("issuer, status", [("{tenantid}", 200), (TENANT, 200), (OTHER_TENANT, 401)])
def test_entras_keys_may_be_one_tenants_alone(daemon, provider, issuer, status):
    key = provider.signing
    jwk = key.jwk()
    provider.published = [type("Key", (), {"jwk": lambda self: {**jwk, "issuer": f"{provider.issuer}/{issuer}/v2.0"}})()]
    one = daemon(entra(provider, tenants="*"))
    assert one.bearer(provider.token()).status == status


def test_an_address_of_any_tenant_is_nobodys(daemon, provider):
    one = daemon(entra(provider, tenants="*"), rules={"/**": "email:*@example.org"})
    assert one.bearer(provider.token()).status == 403
    assert one.bearer(provider.token({**provider.account, "email_verified": True})).status == 403
    assert one.bearer(provider.token({**provider.account, "xms_edov": True})).status == 200


def test_groups_that_are_too_many_for_a_token(daemon, provider):
    one = daemon(entra(provider, tenants=[TENANT]))
    provider.account = {**provider.account, "groups": None, "_claim_names": {"groups": "src1"},
                        "_claim_sources": {"src1": {"endpoint": "https://graph.example/"}}, "roles": ["reader"]}
    browser = signed_in(one)
    assert browser.send(one.url + "/.auth/me").json()["groups"] == ["reader"]
    assert browser.send(one.url + "/admin/").status == 403
    assert one.event("an ID token leaves out the groups")["reason"] == "entra"


def test_entra_of_one_tenant(daemon, provider):
    provider.more_metadata = {"issuer": f"{provider.issuer}/{TENANT}/v2.0"}
    provider.account = {**ALICE, "iss": f"{provider.issuer}/{TENANT}/v2.0", "roles": ["no"]}
    one = daemon({"entra": {"preset": "entra", "issuer": f"{provider.issuer}/{TENANT}/v2.0", "client_id": "postern"}})
    assert signed_in(one).send(one.url + "/.auth/me").json()["groups"] == ALICE["groups"]
    assert one.bearer(provider.token({**provider.account, "iss": f"{provider.issuer}/{OTHER_TENANT}/v2.0"})).status == 401


@pytest.mark.parametrize("more, words", [
    ({"preset": "entra", "issuer": "https://login.example/common/v2.0"},
     "providers.corp.tenants: the issuer is for all tenants"),
    ({"preset": "entra", "tenants": [TENANT]}, "providers.corp.tenants: tenants are for an issuer of many"),
    ({"preset": "azure"}, "providers.corp.preset: 'azure' is none of the known words"),
])
def test_faults_of_presets(build, folder, more, words):
    result = check(build, folder, more)
    assert result.returncode == 78 and words in result.stderr, result.stderr


def test_okta(daemon, provider):
    provider.account = {**ALICE, "scp": ["openid", "docs.read"]}
    one = daemon({"okta": {"preset": "okta", "issuer": provider.issuer, "client_id": "postern",
                           "scopes": ["openid", "groups", "offline_access"], "bearer": {"scopes": "docs.read"}}})
    assert signed_in(one).send(one.url + "/.auth/me").json()["groups"] == ALICE["groups"]
    assert query_of(web.Browser().send(one.url + "/x").location)["scope"] == ["openid groups offline_access"]
    assert one.bearer(provider.token()).status == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_auth0(daemon, provider, slash):
    provider.more_metadata = {"issuer": provider.issuer + "/"}
    provider.account = {**ALICE, "iss": provider.issuer + "/", "groups": None, "https://docs.example/groups": ["admins"]}
    one = daemon({"auth0": {"preset": "auth0", "issuer": provider.issuer + slash, "client_id": "postern",
                            "groups_claim": "https://docs.example/groups",
                            "authorization_parameters": {"audience": "https://docs.example"}}})
    browser = signed_in(one, "/admin/")
    assert browser.send(one.url + "/.auth/me").json()["groups"] == ["admins"]
    assert one.bearer(provider.token(audience=["postern", "x"])).status == 200
    assert one.bearer(provider.token({**provider.account, "iss": provider.issuer})).status == 401


def test_google(daemon, provider):
    provider.account = {**ALICE, "hd": "example.org", "iss": provider.issuer.partition("://")[2]}
    one = daemon({"google": {"preset": "google", "issuer": provider.issuer, "client_id": "postern",
                             "scopes": ["openid", "email", "offline_access"],
                             "authorization_parameters": {"hd": "example.org"}}})
    assert signed_in(one).send(one.url + "/.auth/me").json()["groups"] == [], "Google has no groups"
    asked = query_of(web.Browser().send(one.url + "/x").location)
    assert asked["scope"] == ["openid email"] and asked["hd"] == ["example.org"]
    assert asked["access_type"] == ["offline"] and asked["prompt"] == ["consent"]
    for claims, status in (({}, 200), ({"iss": provider.issuer}, 200), ({"hd": "evil.example"}, 401), ({"hd": None}, 401),
                           ({"hd": "example.org.evil.example"}, 401), ({"iss": "https://evil.example"}, 401)):
        assert one.bearer(provider.token({**provider.account, **claims})).status == status, claims
    provider.account = {**provider.account, "hd": None}
    assert web.Browser().open(one.url + "/hello.txt").status == 400
    assert one.event("a sign-in failed")["reason"] == "ID token: hosted_domain"


@pytest.mark.parametrize("claims, groups", [
    ({"groups": ["/staff"], "realm_access": {"roles": ["r"]}}, ["/staff"]),
    ({"resource_access": {"post.ern": {"roles": ["admins"]}}, "realm_access": {"roles": ["r"]}}, ["admins"]),
    ({"resource_access": {"other": {"roles": ["admins"]}}, "realm_access": {"roles": ["r"]}}, ["r"]), ({}, []),
])
def test_keycloak(daemon, provider, claims, groups):
    provider.clients["post.ern"] = None
    provider.account = {**ALICE, "groups": None, "typ": "ID", **claims}
    one = daemon({"keycloak": {"preset": "keycloak", "issuer": provider.issuer, "client_id": "post.ern"}})
    assert signed_in(one).send(one.url + "/.auth/me").json()["groups"] == groups
    for kind, status in (("ID", 200), ("Bearer", 200), (None, 200), ("Refresh", 401), ("Offline", 401), ("Logout", 401)):
        assert one.bearer(provider.token({**provider.account, "typ": kind}, audience="post.ern")).status == status
    provider.account = {**provider.account, "typ": "Bearer"}
    assert web.Browser().open(one.url + "/hello.txt").status == 400, "an access token in an ID token's place"
