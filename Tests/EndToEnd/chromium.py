"""Headless Chromium, as Debian ships it, and how a person gets through each provider's pages with it."""

import os
import shutil
import time

from parts import certificates, process
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait

# No name but these resolves, so that nothing leaves the machine.
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1100,900",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-search-engine-choice-screen", "--lang=en-US",
    "--host-resolver-rules=MAP *.postern.test 127.0.0.1, MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, "
    "EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


class Chromium:
    """One browser with an empty profile. `home` is its own folder; the authority in it is trusted. `preferences` are
    what a person sets by hand."""

    def __init__(self, home, authority=None, pictures=None, preferences=None):
        os.makedirs(home, exist_ok=True)
        if authority:
            certificates.trust_in_chromium(home, authority)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for one in ARGUMENTS:
            options.add_argument(one)
        if preferences:
            options.add_experimental_option("prefs", preferences)
        self.pictures = pictures
        environment = process.clean_environment(home)
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"), env=environment)
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(30)

    def open(self, url):
        self.driver.get(url)

    @property
    def url(self):
        return self.driver.current_url

    def picture(self, name):
        if self.pictures:
            os.makedirs(self.pictures, exist_ok=True)
            self.driver.save_screenshot(os.path.join(self.pictures, name + ".png"))

    def until(self, check, seconds=30):
        return WebDriverWait(self.driver, seconds, 0.1, ignored_exceptions=(WebDriverException,)).until(
            lambda _: check())

    def find(self, css):
        """The first visible element that a person could click, or None."""
        for one in self.driver.find_elements("css selector", css):
            if one.is_displayed() and one.is_enabled():
                return one
        return None

    def fill(self, css, text):
        field = self.until(lambda: self.find(css))
        field.clear()
        field.send_keys(text)

    def click(self, css):
        self.until(lambda: self.find(css)).click()

    def style(self, css, name):
        return self.driver.find_element("css selector", css).value_of_css_property(name)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def ask(self, text, *arguments):
        """Runs an async function's body and waits for what it returns."""
        return self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; const given = [...arguments].slice(0, -1);"
            "(async (...args) => {" + text + "})(...given).then(done, error => done('failed: ' + error));", *arguments)

    def cookies(self):
        """Every cookie of the profile with all its attributes, HttpOnly ones too."""
        return self.driver.execute_cdp_cmd("Storage.getCookies", {})["cookies"]

    def close(self):
        self.driver.quit()


def at_canaille(browser, user, password, base):
    """Its pages replace parts of themselves: a click that comes meanwhile is lost, and has to come again."""
    browser.until(lambda: browser.find("[name=login]"))
    browser.picture("canaille-login")
    end = time.monotonic() + 30
    while not browser.url.startswith(base):
        assert time.monotonic() < end, f"stuck at {browser.url}"
        try:
            for name, value in (("login", user), ("password", password)):
                if field := browser.find(f"[name={name}]"):
                    field.clear()
                    field.send_keys(value)
                    browser.find("button[type=submit]").click()
                    WebDriverWait(browser.driver, 3, 0.1).until(staleness_of(field))
        except (AttributeError, WebDriverException):
            pass
        time.sleep(0.1)


def at_glewlwyd(browser, user, password, base):
    browser.fill("#username", user)
    browser.fill("#password", password)
    browser.picture("glewlwyd-login")
    browser.click("button[type=submit]")
    past_glewlwyd(browser, base)


def past_glewlwyd(browser, base):
    """Through what it asks of somebody who has signed in already."""
    end = time.monotonic() + 20
    while not browser.url.startswith(base):  # the page of consent comes once for a user and a client
        assert time.monotonic() < end, f"stuck at {browser.url}"
        try:
            if box := browser.find("input[type=checkbox]:not(:checked)"):
                box.click()
            for css in ("button.btn-success", "button.btn-primary"):
                if button := browser.find(css):
                    browser.picture("glewlwyd-consent")
                    button.click()
                    break
        except (StaleElementReferenceException, WebDriverException):
            pass
        time.sleep(0.1)
