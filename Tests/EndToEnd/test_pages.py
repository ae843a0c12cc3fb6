"""Postern's own pages: in the reader's language, as the site wants them, and for everybody."""

import html
import html.parser
import os
import re
import time

import pytest
import web
from identity_rig import API, Rig
from lying_provider import BOB

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="18" fill="#0a7d4f"/></svg>'
LANGUAGES = {"en": "There is no such page", "de": "Diese Seite gibt es nicht", "fr": "Cette page n’existe pas",
             "es": "Esta página no existe", "ja": "ページが見つかりません"}
NAMED = {"/nothing": 404, "/nobody/": 403, "/.auth/callback?code=x&state=y": 400, "/.auth/logout": 200,
         "/.auth/signed-out": 200, "/.auth/nothing": 404}


@pytest.fixture(scope="module")
def provider(module_provider):
    return module_provider


@pytest.fixture(scope="module")
def rig(build, folder, provider):
    one = Rig(os.path.join(build, "pages"), folder, provider, starts=False)
    for directory in (one.directory, os.path.join(folder, "public")):
        with open(os.path.join(directory, "logo.svg"), "wb") as file:
            file.write(LOGO)
    one.config["sites"]["b"]["pages"] = {
        "name": "Example <Docs>", "logo": "file:logo.svg", "accent": "0a7d4f", "contact": "help@example.com",
        "texts": {"any": {"not_found": "Ask {site} & co."}, "de": {"not_found_title": "Hier ist nichts"}}}
    one.config["sites"]["c"]["pages"] = {"logo": "/public/logo.svg", "accent": "ffdd00", "background": "7a1fa2"}
    one.start()
    yield one
    one.stop()


def page(rig, path, language=None, site="a", **headers):
    fields = {**web.NAVIGATION, **({"Accept-Language": language} if language else {}), **headers}
    return rig.send("/public" + path if path == "/nothing" else path, site=site, headers=fields)


# Languages


@pytest.mark.parametrize("asked,language", [
    ("de", "de"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr-CA", "fr"), ("es-419,es;q=0.9", "es"), ("ja", "ja"),
    ("ru,ja;q=0.2,fr;q=0.1", "ja"), ("zh-CN,zh;q=0.9", "en"), (None, "en"), ("*", "en"), ("de;q=0,*", "en"),
    ("en;q=0.1,fr;q=0.2", "fr"), ("x" * 4000, "en"), (",".join(["zh"] * 400) + ",de", "en"), (";;;q=,,", "en"),
])
def test_a_page_is_in_the_language_that_is_wanted_most(rig, asked, language):
    answer = page(rig, "/nothing", asked)
    assert answer.status == 404 and answer.get("content-language") == language
    assert f'<html lang="{language}">' in answer.text and LANGUAGES[language] in answer.text
    assert "Accept-Language" in answer.get("vary") and answer.get("cache-control") == "no-store"


def test_a_script_gets_english_codes_whatever_the_language(rig):
    for headers in (API, {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Accept": "*/*"},
                    {"X-Requested-With": "XMLHttpRequest", "Accept": "*/*"}):
        answer = rig.send("/public/nothing", headers={**headers, "Accept-Language": "de"})
        assert answer.status == 404 and answer.get("content-type") == "application/json"
        content = answer.json()
        assert content["error"] == "not_found" and content["message"] == LANGUAGES["en"] and content["reference"]


# Structure, as a screen reader needs it


class Outline(html.parser.HTMLParser):
    """What an assistive program builds upon."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.text, self.headings, self.controls = [], [], {}, [], []
        self.feed(text)
        self.close()
        assert not self.stack, f"left open: {self.stack}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "input"):
            self.stack.append([tag, ""])

    def handle_data(self, data):
        for one in self.stack:
            one[1] += data

    def handle_endtag(self, tag):
        name, text = self.stack.pop()
        assert name == tag, f"{name} is closed by {tag}"
        self.text.setdefault(tag, []).append(text.strip())

    def all(self, tag):
        return [attributes for one, attributes in self.tags if one == tag]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", NAMED)
def test_every_page_has_its_landmarks_its_heading_and_names_for_what_it_offers(rig, path, language):
    answer = page(rig, path, language, site="b")
    assert answer.status == NAMED[path], str(answer)
    outline = Outline(answer.text)
    assert outline.all("html")[0]["lang"] == language
    for tag in ("title", "header", "main", "h1"):
        assert len(outline.all(tag)) == 1 and outline.text[tag][0], tag
    assert all(outline.text.get("a", [])) and all(outline.text.get("button", [])), "a link or a button without a name"
    assert all("alt" in one for one in outline.all("img")) and "script" not in outline.text
    assert not [one for _, one in outline.tags if "style" in one or "tabindex" in one or "onclick" in one]
    viewport = [one for one in outline.all("meta") if one.get("name") == "viewport"][0]["content"]
    assert "user-scalable" not in viewport and "maximum-scale" not in viewport, "everybody may zoom"
    assert re.fullmatch(r".*[0-9A-Za-z]{10}( [a-z_]+)?", outline.text["footer"][0].split("\n")[0]), outline.text["footer"]


# A site's own


def test_a_site_has_its_own_name_logo_accent_contact_and_words(rig):
    answer = page(rig, "/nothing", "en", site="b")
    assert "Ask Example &lt;Docs&gt; &amp; co." in answer.text and LANGUAGES["en"] in answer.text
    assert '<a href="mailto:help@example.com">Contact</a>' in answer.text
    assert "data:image/svg+xml;base64," in answer.text and "img-src data:" in answer.get("content-security-policy")
    assert "#0a7d4f" in answer.text
    answer = page(rig, "/nothing", "de", site="b")
    assert "<h1>Hier ist nichts</h1>" in answer.text and "Ask Example" in answer.text
    answer = page(rig, "/nothing", site="c")
    assert '<img class="logo" src="/public/logo.svg" alt="">' in answer.text
    assert "img-src 'self'" in answer.get("content-security-policy")


# Round in circles


class Forgetful(web.Browser):
    """A browser that loses the cookies whose names it does not like."""

    def __init__(self, lost):
        super().__init__()
        self.lost = lost

    def send(self, url, *arguments, **options):
        answer = super().send(url, *arguments, **options)
        jar = self.jar(url)
        for name in [name for name in jar if self.lost(name)]:
            del jar[name]
        return answer


def test_a_browser_that_keeps_no_session_gets_a_page_and_no_loop(rig, provider):
    browser = Forgetful(lambda name: name == "postern" or name[-1].isdigit())
    before = provider.count("/authorize")
    answer = browser.open(rig.url("/hello.txt?a=b"), limit=30)
    assert answer.status == 400 and "goes round in circles" in answer.text, str(answer)
    assert answer.url == rig.url("/hello.txt?a=b")
    assert provider.count("/authorize") - before == 4
    link = html.unescape(re.search(r'href="(/\.auth/login[^"]*)"', answer.text)[1])
    assert browser.open(rig.url(link), limit=30).status == 400 and provider.count("/authorize") - before == 5
    assert rig.send("/hello.txt", headers=web.NAVIGATION).status == 302, "another browser is another matter"
    records = [one for one in rig.daemon.records() if one.get("outcome") == "sign_in_loop"]
    assert records and records[-1]["reference"] in browser.history[-1].text + answer.text


def test_a_browser_that_keeps_no_cookie_gets_a_page_at_once(rig, provider):
    browser, before = Forgetful(lambda name: True), provider.count("/authorize")
    answer = browser.open(rig.url("/hello.txt"))
    assert answer.status == 400 and "cookie" in answer.text.lower() and provider.count("/authorize") - before == 1
    assert 'http-equiv="refresh"' not in answer.text


def test_who_signs_in_and_out_all_day_is_no_circle(rig, provider):
    browser = web.Browser()
    for _ in range(8):
        assert browser.open(rig.url("/hello.txt")).status == 200
        assert browser.submit(rig.url("/.auth/logout"), {}).status == 303
    assert browser.open(rig.url("/hello.txt")).status == 200
    browser.send(rig.url("/hello.txt"))
    assert re.fullmatch(r"[\w-]{43}", rig.jar(browser)["postern-browser"].value), "nothing is counted"


def test_short_sessions_are_no_circle(rig):
    browser = web.Browser()
    for _ in range(6):
        assert browser.open(rig.url("/hello.txt", "brief")).status == 200
        del browser.jar(rig.url(site="brief"))["postern"]


def test_twenty_callbacks_at_once_are_no_circle(rig):
    browser = web.Browser()
    browser.send(rig.url("/public/"))
    _, first = rig.begun(browser=browser)
    others = [rig.begun(f"/hello.txt?{number}", browser=browser)[1] for number in range(19)]
    for callback in [first, *others]:
        assert browser.send(callback).status == 302
    assert browser.open(rig.url("/hello.txt")).status == 200


def test_a_count_that_somebody_made_up_harms_nobody_else(rig):
    binding = "A" * 43
    for value, status in ((f"{binding}.4.{int(time.time())}", 400), (f"{binding}.4.{int(time.time()) - 61}", 302),
                          (f"{binding}.9999.{int(time.time()) + 3600}", 302), (f"{binding}.x.y", 302),
                          (f"{binding}.4", 302), (f"{binding}.4.1.1", 302)):
        answer = rig.send("/hello.txt", headers={**web.NAVIGATION, "Cookie": f"postern-browser={value}"})
        assert answer.status == status, value


# In a real browser


def emulate(browser, width=1100, height=900, language="en", **features):
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.driver.execute_cdp_cmd("Network.setUserAgentOverride", {
        "userAgent": browser.script("return navigator.userAgent"), "acceptLanguage": language})
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})


CONTRASTS = """
const light = value => { const s = value / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; };
const parts = text => text.match(/[0-9.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const ground = one => { for (; one; one = one.parentElement) { const c = parts(getComputedStyle(one).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
return [...document.querySelectorAll('h1, p, a, button, code')].map(one => {
    const a = luminance(parts(getComputedStyle(one).color)), b = luminance(ground(one));
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.outerHTML.slice(0, 80)]; });
"""


@pytest.mark.parametrize("site", ["a", "b", "c"])
def test_pages_can_be_read_in_every_light_width_and_language(browser, rig, provider, site):
    provider.account = {**BOB, "email": "a.rather.long.address.of.somebody@department.example.org"}
    for language in LANGUAGES:
        for path in ("/admin/index.html", "/.auth/callback?code=x&state=y", "/.auth/logout"):
            for scheme in ("light", "dark"):
                for width in (320, 1100):
                    emulate(browser, width, 900, language, prefers_color_scheme=scheme)
                    browser.open(rig.url(path, site))
                    assert browser.script("return document.documentElement.lang") == language
                    assert browser.script("return document.documentElement.scrollWidth <= window.innerWidth")
                    assert min(browser.script(CONTRASTS))[0] >= 4.5, min(browser.script(CONTRASTS))
                    assert browser.style("body", "display") == "flex", "the policy lets the style sheet in"
                    sizes = browser.script(
                        "return [...document.querySelectorAll('.actions a, button')].map(one => {"
                        "const box = one.getBoundingClientRect(); return Math.min(box.width, box.height); })")
                    assert min(sizes) >= 44, "large enough for a finger"
                    browser.picture(f"{language}-{path.split('?')[0].strip('/').replace('/', '-')}-{scheme}-{width}")
    if site != "a":
        assert browser.script("return [...document.images].every(one => one.complete && one.naturalWidth > 0)")


def test_japanese_is_broken_between_phrases(browser, rig, provider):
    provider.account = BOB
    emulate(browser, 360, 640, "ja")
    browser.open(rig.url("/admin/index.html"))
    if not browser.script("return CSS.supports('word-break', 'auto-phrase')"):
        pytest.skip("this Chromium knows no phrases")
    lines = browser.script("""
        const text = document.querySelector('h1').firstChild, lines = [];
        for (let at = 0, top = null; at < text.length; at++) {
            const range = document.createRange();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            const y = range.getBoundingClientRect().top;
            if (y !== top) lines.push('');
            top = y;
            lines[lines.length - 1] += text.data[at];
        }
        return lines;""")
    assert len(lines) > 1 and any("アクセス" in one for one in lines), lines


def test_what_has_the_focus_can_be_seen(browser, rig):
    browser.open(rig.url("/nobody/"))
    from selenium.webdriver.common.keys import Keys
    browser.driver.find_element("css selector", "body").send_keys(Keys.TAB)
    assert browser.script("return document.activeElement.tagName") == "A"
    outline = browser.script("const style = getComputedStyle(document.activeElement);"
                             "return [style.outlineStyle, style.outlineWidth]")
    assert outline == ["solid", "3px"]


def test_forced_colours_leave_buttons_their_edges(browser, rig):
    emulate(browser, forced_colors="active")
    browser.open(rig.url("/nobody/"))
    assert browser.style(".actions a", "border-top-width") in ("1px", "2px")
    browser.picture("forced-colours")
