"""The provider changes its signing key while people work, sign in and are renewed, and clients bring tokens: of all of
their requests not one fails."""

import threading
import time

import pytest
import web
from conftest import OBJECTS
from identity_rig import bearer
from lying_provider import Key
from test_keys import glewlwyd_session

BRIEF = 4
"""Seconds that the tokens of those who are renewed live."""
HELLO = OBJECTS["hello.txt"]


class Work(threading.Thread):
    """The same few requests, over and over: each of `requests` makes one, and what is no 200 with the right content is
    lost. None is tried twice."""

    def __init__(self, name, *requests, pause=0.005):
        super().__init__(name=name, daemon=True)
        self.requests, self.pause = requests, pause
        self.lost, self.times, self.stopped = [], [], threading.Event()

    def run(self):
        while not self.stopped.is_set():
            for one in self.requests:
                begun = time.monotonic()
                try:
                    answer = one()
                    if answer.status != 200 or answer.body != HELLO:
                        self.lost.append(f"{self.name}, after {len(self.times)}: {answer}")
                except (OSError, AssertionError) as error:
                    self.lost.append(f"{self.name}, after {len(self.times)}: {error!r}")
                self.times.append(time.monotonic() - begun)
                if self.stopped.wait(self.pause):
                    return

    def end(self):
        self.stopped.set()
        self.join(30)
        assert not self.is_alive()


class Office:
    """Everybody who is at work: `starts` and `ends` by name."""

    def __init__(self):
        self.works = []

    def starts(self, name, *requests, **more):
        self.works.append(Work(name, *requests, **more))
        self.works[-1].start()
        return self.works[-1]

    def ends(self):
        for one in self.works:
            one.stopped.set()
        for one in self.works:
            one.end()
        lost = [line for one in self.works for line in one.lost]
        assert not lost, f"{len(lost)} of {sum(len(one.times) for one in self.works)}:\n" + "\n".join(lost[:3])
        assert all(one.times for one in self.works)
        return {one.name: len(one.times) for one in self.works}


def spread(work):
    """The median and the 99th of a hundred, in milliseconds."""
    times = sorted(work.times)
    return [round(1000 * times[int(part * (len(times) - 1))], 1) for part in (0.5, 0.99)]


@pytest.fixture
def provider(provider):
    provider.refresh = True
    return provider


@pytest.fixture
def office():
    one = Office()
    yield one
    for work in one.works:
        work.stopped.set()


def test_a_key_changes_under_load_and_no_request_fails(rig, provider, office):
    """Twice: first the old key stays published, as long as what it signed holds; then it is withdrawn. The key set
    answers slowly all the while, and who needs no new key does not wait for it."""
    url = rig.url("/hello.txt")
    at_work = lambda browser: lambda: browser.send(url, navigation=False)
    with_token = lambda token: lambda: rig.send("/hello.txt", headers=bearer(token))
    old, middle, new = provider.first_key, Key(), Key()
    lasting = [rig.signed_in() for _ in range(24)]
    provider.lifetime = BRIEF
    renewed = [rig.signed_in() for _ in range(24)]
    provider.keys_delay = 1

    quiet = [office.starts(f"sessions {part}", *map(at_work, lasting[part::2])) for part in range(2)]
    for part in range(3):
        office.starts(f"renewed sessions {part}", *map(at_work, renewed[part::3]))
    quiet.append(office.starts("tokens by the old key", *(
        with_token(provider.token(lifetime=3600)) for _ in range(12))))
    office.starts("people who sign in", lambda: web.Browser().open(url), pause=0.05)
    time.sleep(1.5)
    before = provider.count("/jwks")

    provider.published = [middle, old]
    provider.signing = middle
    office.starts("tokens by the new key", *(with_token(provider.token(lifetime=3600, jti=str(n))) for n in range(12)))
    time.sleep(BRIEF + 2)
    for one in quiet:
        one.end()
    assert provider.count("/jwks") - before <= 3, "all who need the new key wait together"
    for one in quiet:
        print(one.name, spread(one))
        assert max(one.times) < provider.keys_delay, "who needs no new key does not wait for it"

    provider.published = [middle, new]
    provider.signing = new
    time.sleep(BRIEF + 2)
    print(office.ends())
    assert provider.count("/jwks") - before <= 6
    assert rig.send("/hello.txt", headers=bearer(provider.token(key=old))).status == 401
    assert lasting[0].send(url).status == 302, "the old key is withdrawn, and what it signed is over"
    assert renewed[0].send(url).status == 200


def test_glewlwyd_changes_its_key_under_load_and_no_request_fails(gateway, glewlwyd, office):
    url = gateway.url("glewlwyd-public", "/hello.txt")
    at_work = lambda browser: lambda: browser.send(url, navigation=False)
    sessions = [glewlwyd_session(gateway, glewlwyd) for _ in range(4)]
    for part in range(2):
        office.starts(f"sessions {part}", *map(at_work, sessions[part::2]))
    for _ in range(2):
        time.sleep(0.5)
        glewlwyd.rotate(keep_old=True)
        office.starts("sessions by the new key", *(at_work(glewlwyd_session(gateway, glewlwyd)) for _ in range(2)))
    time.sleep(1)
    print(office.ends())
