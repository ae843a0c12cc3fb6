"""A browser's odd ways: many tabs, going back, bookmarks, fragments, and cookies that it does not keep."""

import os
import time

import chromium
import pytest
import web
from identity_rig import Rig

PAGE = b"""<!doctype html><html lang="en"><title>A page</title><h1>A page</h1>
<p id="there" style="margin-top: 4000px">There</p><a href="/public/other.html">Other</a></html>"""


@pytest.fixture(scope="module")
def provider(module_provider):
    return module_provider


@pytest.fixture(scope="module")
def rig(build, folder, provider):
    for name in ("page.html", "public/other.html"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(PAGE)
    one = Rig(os.path.join(build, "journeys"), folder, provider)
    yield one
    one.stop()


def status(browser):
    return browser.script("return performance.getEntriesByType('navigation')[0].responseStatus")


def test_twenty_tabs_of_a_new_browser_at_once(browser, rig):
    """All of them begin before the browser has a cookie, and all end on their pages."""
    browser.open(rig.url("/public/other.html"))
    browser.script("for (let tab = 0; tab < 20; tab++) window.open(`/page.html?tab=${tab}`)")
    wanted = {rig.url(f"/page.html?tab={number}") for number in range(20)}
    first = browser.driver.current_window_handle
    browser.until(lambda: len(browser.driver.window_handles) == 21)
    found = set()
    for tab in browser.driver.window_handles:
        if tab != first:
            browser.driver.switch_to.window(tab)
            browser.until(lambda: browser.url in wanted and browser.script("return document.title") == "A page")
            found.add(browser.url)
    assert found == wanted
    names = [one["name"] for one in browser.cookies() if one["domain"].startswith("a.")]
    assert sorted(names) == ["postern", "postern-browser"]


def test_going_back_after_a_sign_in_leads_to_what_was_there_before(browser, rig, provider):
    browser.open(rig.url("/public/other.html"))
    browser.open(rig.url("/page.html"))
    before = provider.count("/token")
    browser.script("location.href = '/hello.txt'")
    browser.until(lambda: browser.url == rig.url("/hello.txt"))
    for url in (rig.url("/page.html"), rig.url("/public/other.html")):
        browser.driver.back()
        browser.until(lambda: browser.url == url)
        assert browser.script("return document.title") == "A page", "neither the provider's page nor a callback"
    browser.driver.forward()
    browser.until(lambda: browser.url == rig.url("/page.html"))
    assert provider.count("/token") == before, "nobody signed in anew"


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_bookmarked_callback_leads_to_the_page_or_to_a_page_with_a_way_on(browser, rig, signed_in):
    browser.open(rig.url("/page.html?kept"))
    binding = next(one["value"] for one in browser.cookies() if one["name"] == "postern-browser")
    other = web.Browser()
    other.jar(rig.url())["postern-browser"] = web.Cookie(binding, {})
    callback = rig.begun("/page.html?kept", browser=other)[1]
    browser.open(callback)
    assert browser.url == rig.url("/page.html?kept")
    if not signed_in:
        browser.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.open(callback)
    if signed_in:
        assert browser.url == rig.url("/page.html?kept"), "used, and there is a session"
    else:
        assert status(browser) == 400
        browser.click("a.first")
        browser.until(lambda: browser.url == rig.url("/page.html?kept"))


@pytest.mark.parametrize("start", ["/page.html?x=1&y=%20z#there", "/page.html#there",
                                   "/.auth/login?return_to=%2Fpage.html%3Fx%3D1%23there"])
def test_a_deep_link_comes_back_with_its_query_and_its_fragment(browser, rig, start):
    """A fragment reaches no server: browsers carry it over every redirect that has none of its own."""
    browser.open(rig.url(start))
    wanted = "/page.html?x=1#there" if "return_to" in start else start
    assert browser.url == rig.url(wanted)
    assert browser.script("return location.hash") == "#there"
    browser.until(lambda: browser.script("return window.scrollY") > 0)


def test_cookies_blocked_is_a_page_and_no_loop(build, rig, provider):
    home = os.path.join(build, "chromium", "cookies-blocked")
    one = chromium.Chromium(home, None, os.path.join(build, "pictures", "cookies-blocked"),
                            preferences={"profile.default_content_setting_values.cookies": 2})
    try:
        before = provider.count("/authorize")
        one.open(rig.url("/page.html"))
        one.picture("page")
        assert one.url.startswith(rig.url("/.auth/callback")) and status(one) == 400
        assert "cookie" in one.script("return document.body.innerText").lower()
        time.sleep(1.5)
        assert provider.count("/authorize") - before == 1, "it does not go on by itself"
        one.click("a.first")
        one.until(lambda: provider.count("/authorize") - before == 2)
        one.until(lambda: status(one) == 400)
        assert one.cookies() == []
    finally:
        one.close()
