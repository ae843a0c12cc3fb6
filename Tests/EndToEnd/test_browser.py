"""A person's way, in a real browser, over TLS, at both providers, as a public and as a confidential client."""

import hashlib
import os

import chromium
import pytest
from conftest import BIG, PASSWORD

CHECKSUM = """
const response = await fetch(args[0]);
const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
return response.status + " " + [...new Uint8Array(digest)].map(x => x.toString(16).padStart(2, "0")).join("");
"""
PAGE = b"""<!doctype html><html lang="en"><head><title>A page</title><link rel="stylesheet" href="/style.css"></head>
<body><h1>A page</h1><img id="vector" src="/picture.svg" alt=""><img id="pixel" src="/pixel.png" alt=""></body></html>"""
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                      "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")


@pytest.fixture
def browser(build, authority, request):
    name = "".join(one if one.isalnum() else "-" for one in request.node.name)
    one = chromium.Chromium(os.path.join(build, "chromium", name), authority.certificate,
                            os.path.join(build, "pictures", name))
    yield one
    one.picture("end")
    one.close()


@pytest.fixture(scope="module", autouse=True)
def pages(weed):
    weed.writer.put("page.html", PAGE, "text/html; charset=utf-8")
    weed.writer.put("pixel.png", PIXEL, "image/png")


SIGN_IN = {"canaille": chromium.at_canaille, "glewlwyd": chromium.at_glewlwyd}


def come_in(browser, gateway, provider, kind, path, user="alice"):
    base = gateway.url(f"{provider}-{kind}", "/")
    browser.open(gateway.url(f"{provider}-{kind}", path))
    assert "localhost" in browser.url, f"not at the provider, but at {browser.url}"
    SIGN_IN[provider](browser, user, PASSWORD, base)
    browser.until(lambda: browser.script("return document.readyState") == "complete")
    return base


@pytest.mark.parametrize("kind", ["public", "basic", "post"])
@pytest.mark.parametrize("provider", ["canaille", "glewlwyd"])
def test_a_person_signs_in_and_lands_on_the_page(browser, gateway, provider, kind):
    path = "/page.html?from=mail&q=a%20b"
    base = come_in(browser, gateway, provider, kind, path)
    browser.picture("page")

    assert browser.url == base + path[1:], "the address comes back exactly"
    assert browser.script("return document.title") == "A page"
    assert browser.style("h1", "color") in ("rgb(1, 2, 3)", "rgba(1, 2, 3, 1)"), "the style sheet is applied"
    assert browser.script("return [...document.images].map(i => i.complete && i.naturalWidth > 0)") == [True, True]
    assert browser.ask(CHECKSUM, "/big.bin") == "200 " + hashlib.sha256(BIG).hexdigest()

    cookies = {one["name"]: one for one in browser.cookies() if one["domain"].startswith(f"{provider}-{kind}.")}
    assert {"__Host-postern", "__Host-postern-browser"} <= set(cookies)
    for one in cookies.values():
        assert one["secure"] and one["httpOnly"] and one["sameSite"] == "Lax" and one["path"] == "/", one
        assert not one["domain"].startswith("."), "the cookie is for this host alone"
    assert browser.script("return document.cookie") == ""

    browser.open(base + "hello.txt")
    assert browser.url == base + "hello.txt", "a second visit does not ask again"
    me = browser.ask("return JSON.stringify(await (await fetch('/.auth/me')).json())")
    assert "Alice" in me and "admins" in me


def test_a_group_is_let_in_and_another_told_why_not(browser, gateway):
    base = come_in(browser, gateway, "canaille", "public", "/admin/", user="bob")
    assert browser.url == base + "admin/"
    text = browser.script("return document.body.innerText")
    browser.picture("forbidden")
    assert "bob" in text.lower() and browser.script(
        "return performance.getEntriesByType('navigation')[0].responseStatus") == 403


def test_signing_out_ends_it_and_a_copied_cookie_is_worth_nothing(browser, gateway):
    base = come_in(browser, gateway, "canaille", "basic", "/page.html")
    copied = {one["name"]: one["value"] for one in browser.cookies() if one["domain"].startswith("canaille-basic.")}
    browser.open(base + ".auth/logout")
    browser.picture("logout")
    browser.click("form button, form input[type=submit]")
    browser.until(lambda: browser.find("body") and "/.auth/logout" not in browser.url)
    browser.picture("signed-out")
    assert not [one for one in browser.cookies()
                if one["domain"].startswith("canaille-basic.") and one["name"] == "__Host-postern"]
    header = "; ".join(f"{name}={value}" for name, value in copied.items())
    answer = gateway.request("canaille-basic", "/page.html", headers={"Cookie": header, "Accept": "text/html"})
    assert answer.status == 302


def test_twenty_tabs_at_a_real_provider(browser, gateway):
    """All are sent to the provider before anybody signs in; after one sign-in all of them reach their pages."""
    base = gateway.url("glewlwyd-public", "/")
    browser.open(base + "public/")
    first = browser.driver.current_window_handle
    for number in range(20):
        browser.script("window.open(arguments[0])", f"{base}page.html?tab={number}")
    tabs = [one for one in browser.driver.window_handles if one != first]
    browser.driver.switch_to.window(tabs[0])
    chromium.at_glewlwyd(browser, "alice", PASSWORD, base)
    ends = {browser.url}
    for tab in tabs[1:]:
        browser.driver.switch_to.window(tab)
        browser.script("location.reload()")  # now the page has a button to go on as who has signed in
        chromium.past_glewlwyd(browser, base)
        ends.add(browser.url)
    assert ends == {f"{base}page.html?tab={number}" for number in range(20)}
    names = [one["name"] for one in browser.cookies() if one["domain"].startswith("glewlwyd-public.")]
    assert len(names) == len(set(names)) <= 3, f"a pile of cookies: {names}"


def test_the_gateway_s_own_pages_look_like_pages(browser, gateway):
    """Readable without anything from elsewhere, in the light and in the dark, and on a small screen."""
    for name, site, path in (("signed-out", "liar", "/.auth/signed-out"), ("logout", "liar", "/.auth/logout"),
                             ("bad-callback", "liar", "/.auth/callback?code=x&state=y"), ("gone", "gone", "/x.html")):
        browser.open(gateway.url(site, path))
        assert browser.script("return document.body.innerText.trim().length") > 20
        assert browser.script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.script("return document.documentElement.lang") and browser.script("return document.title")
        browser.picture(name)
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        browser.picture(name + "-dark")
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
