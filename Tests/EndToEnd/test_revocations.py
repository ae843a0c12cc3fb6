"""What was ended stays so: after a restart, in another process of the machine, and with a disk in every state."""

import concurrent.futures
import os
import shutil
import signal
import time

import pytest
import web
from identity_rig import Rig, assert_way_on, eventually


def sign_out(rig, browser, site="a"):
    copy = browser.clone()
    answer = browser.send(rig.url("/.auth/logout", site), "POST", {"Content-Length": "0"})
    assert answer.status == 303
    return copy


def file(rig):
    return os.path.join(rig.directory, "state", "revocations")


def kill(rig):
    os.kill(rig.daemon.pid, signal.SIGKILL)
    rig.stop()


@pytest.mark.parametrize("end", [kill, Rig.stop])
def test_a_session_that_was_signed_out_stays_so_after_a_restart(rig, end):
    keeps, leaves = rig.signed_in(), rig.signed_in()
    copy = sign_out(rig, leaves)
    end(rig)
    rig.start()
    assert copy.send(rig.url("/hello.txt")).status == 302
    assert keeps.send(rig.url("/hello.txt")).status == 200


def test_a_callback_that_was_used_stays_so_after_a_restart(rig, provider):
    browser, back = rig.begun()
    twin = browser.clone()
    assert browser.send(back).status == 302
    before = provider.count("/token")
    eventually(lambda: os.path.getsize(file(rig)) > 0)
    kill(rig)
    rig.start()
    assert_way_on(twin.send(back))
    assert provider.count("/token") == before


def test_another_process_of_the_machine_learns_of_it(build, folder, rig, provider):
    other = Rig(os.path.join(build, "revoked-other"), folder, provider)
    try:
        other.stop()
        other.config.update(session_keys=rig.keys, state_directory=os.path.dirname(file(rig)), sites={
            **other.config["sites"], "a": {**other.config["sites"]["a"], "hosts": [rig.host(), other.host()]}})
        other.start()
        browser = rig.signed_in()
        assert browser.send(other.url("/hello.txt")).status == 200
        copy = sign_out(rig, browser)
        assert copy.send(rig.url("/hello.txt")).status == 302
        eventually(lambda: copy.clone().send(other.url("/hello.txt")).status == 302, 5)
    finally:
        other.stop()


def test_a_torn_file_and_a_strange_one_lose_nothing_else(rig):
    copies = [sign_out(rig, rig.signed_in()) for _ in range(3)]
    rig.stop()
    with open(file(rig), "r+b") as target:
        content = target.read()
        assert len(content) % 48 == 0 and b"alice" not in content
        target.seek(0)
        target.truncate()
        target.write(b"\1\1\0" + content[:48] + b"garbage \0\xff" * 9 + content[48:-10])
    rig.start()
    statuses = [one.send(rig.url("/hello.txt")).status for one in copies]
    assert statuses == [302, 302, 200] or statuses.count(302) == 2
    assert any("damaged" in one["message"] for one in rig.daemon.records() if one["kind"] == "event")
    late = sign_out(rig, rig.signed_in())
    rig.stop()
    rig.start()
    assert late.send(rig.url("/hello.txt")).status == 302


def state(rig):
    answer = web.request(rig.daemon.admin, "/readyz", host="localhost")
    return answer.status, answer.json()["state"]["revocations"]


def metric(rig, name):
    text = web.request(rig.daemon.admin, "/metrics", host="localhost").text
    return next(int(float(line.split()[-1])) for line in text.splitlines() if line.startswith(name + " "))


def test_a_directory_that_cannot_be_used_is_told_and_serves_on(build, folder, provider):
    rig = Rig(os.path.join(build, "revoked-nowhere"), folder, provider)
    try:
        rig.stop()
        rig.config["state_directory"] = "/dev/null/state"
        rig.start()
        eventually(lambda: state(rig) == (200, "degraded"))
        copy = sign_out(rig, rig.signed_in())
        assert copy.send(rig.url("/hello.txt")).status == 302 and metric(rig, "postern_revocations_kept") == 0
        assert any("cannot be kept" in one["message"] for one in rig.daemon.records() if one["kind"] == "event")
    finally:
        rig.stop()


def test_a_file_that_is_taken_away_comes_back_whole(rig):
    copies = [sign_out(rig, rig.signed_in()) for _ in range(2)]
    assert state(rig) == (200, "ready") and metric(rig, "postern_revocations_kept") == 1
    assert metric(rig, "postern_revocations") >= 2
    shutil.rmtree(os.path.dirname(file(rig)))
    eventually(lambda: os.path.exists(file(rig)) and os.path.getsize(file(rig)) >= 96)
    kill(rig)
    rig.start()
    assert [one.send(rig.url("/hello.txt")).status for one in copies] == [302, 302]


def test_a_flood_of_callbacks_keeps_no_sign_out_from_the_disk(rig, provider):
    """Each leaves an entry, and anybody can send them."""
    leaves, stranger = rig.signed_in(), web.Browser()
    begun = [stranger.send(rig.url("/.auth/login"), navigation=False).location for _ in range(2000)]
    states = [web.query(one)["state"] for one in begun]
    before = os.path.getsize(file(rig)) // 48
    line = stranger.cookie_header(rig.url())
    provider.stop()  # so that each is answered as fast as can be

    def flood(part):
        with web.connect(rig.port) as connection:
            for state in part:
                connection.sendall(web.head("GET", f"/.auth/callback?code=x&state={state}", rig.host(), {"Cookie": line}))
                assert web.read_answer(connection).status in (400, 503)

    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        list(pool.map(flood, [states[part::30] for part in range(30)]))
    begun = time.monotonic()
    copy = sign_out(rig, leaves)
    assert time.monotonic() - begun < 1, "behind all the others"
    kill(rig)
    assert os.path.getsize(file(rig)) // 48 >= before + len(states) + 1
    provider.start()
    rig.start()
    assert copy.send(rig.url("/hello.txt")).status == 302


def test_what_could_not_be_written_is_written_as_soon_as_it_can_be(build, folder, provider):
    directory = os.path.join(build, "revoked-later")
    rig = Rig(directory, folder, provider)
    try:
        rig.stop()
        blocked = os.path.join(directory, "blocked")
        with open(blocked, "w", encoding="ascii") as target:
            target.write("a file where a directory should be")
        rig.config["state_directory"] = os.path.join(blocked, "state")
        rig.start()
        copies = [sign_out(rig, rig.signed_in()) for _ in range(3)]
        assert [one.send(rig.url("/hello.txt")).status for one in copies] == [302] * 3
        eventually(lambda: state(rig) == (200, "degraded"))
        os.remove(blocked)
        eventually(lambda: state(rig) == (200, "ready"))
        kill(rig)
        rig.start()
        assert [one.send(rig.url("/hello.txt")).status for one in copies] == [302] * 3
    finally:
        rig.stop()
