"""What browsers do with content that is large: a film in which people jump about, and a download that is cut on its way."""

import base64
import os
import socket
import struct
import threading
import time

import chromium
import pytest
from own_daemon import Daemon
from parts import process

SECONDS, RATE, EACH = 60, 5, 5
PLAYER = b"""<!doctype html><html lang="en"><title>A film</title><video muted src="film.webm" preload="metadata"></video>"""
# One picture for every five seconds of the film: a colour that tells which, in noise that makes it large.
PICTURES = """
return [...Array(args[0]).keys()].map(index => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 480];
  const context = canvas.getContext("2d", {alpha: false});
  const noise = context.createImageData(640, 480);
  for (let at = 0; at < noise.data.length; at++) noise.data[at] = at % 4 == 3 ? 255 : Math.random() * 256;
  context.putImageData(noise, 0, 0);
  context.fillStyle = `rgb(${index * 20}, ${255 - index * 20}, 128)`;
  context.fillRect(160, 120, 320, 240);
  return canvas.toDataURL("image/webp", 0.9);
})"""
JUMP = """
const video = document.querySelector("video"), time = args[0];
const sought = new Promise((resolve, reject) => { video.onseeked = resolve; video.onerror = () => reject(video.error.message); });
video.currentTime = time;
await sought;
const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
context.drawImage(video, 0, 0, 64, 48);
return [video.currentTime, video.duration, ...context.getImageData(32, 24, 1, 1).data];
"""
SIZE, CUT, STEP = 2 << 30, 700 << 20, 64 << 20


def element(identifier, *content):
    """An element of Matroska (RFC 8794): its length takes eight bytes."""
    content = b"".join(content)
    return bytes.fromhex(identifier) + struct.pack(">Q", len(content) | 1 << 56) + content


def number(identifier, value):
    return element(identifier, struct.pack(">Q", value))


def webm(pictures):
    """A film of key frames alone, with an index (RFC 9559). A lossy WebP is a RIFF file around a VP8 key frame."""
    frames = []
    for one in pictures:
        at = one.index(b"VP8 ")
        frames.append(one[at + 8:at + 8 + struct.unpack_from("<I", one, at + 4)[0]])
    clusters = []
    for count in range(SECONDS * RATE):
        block = element("A3", b"\x81\x00\x00\x80", frames[count // (RATE * EACH)])
        clusters.append(element("1F43B675", number("E7", count * 1000 // RATE), block))
    info = element("1549A966", number("2AD7B1", 1_000_000), element("4489", struct.pack(">d", SECONDS * 1000)),
                   element("4D80", b"tests"), element("5741", b"tests"))
    video = element("E0", number("B0", 640), number("BA", 480))
    tracks = element("1654AE6B", element(
        "AE", number("D7", 1), number("73C5", 1), number("83", 1), element("86", b"V_VP8"), video))

    def cues(first):
        points, position = [], first
        for count, cluster in enumerate(clusters):
            place = element("B7", number("F7", 1), number("F1", position))
            points.append(element("BB", number("B3", count * 1000 // RATE), place))
            position += len(cluster)
        return element("1C53BB6B", *points)

    first = len(info) + len(tracks) + len(cues(0))
    header = element("1A45DFA3", number("4286", 1), number("42F7", 1), number("42F2", 4), number("42F3", 8),
                     element("4282", b"webm"), number("4287", 4), number("4285", 2))
    return header + element("18538067", info, tracks, cues(first), *clusters)


class Cutter:
    """A proxy for TCP that ends the first connection by which more than so many bytes have come."""

    def __init__(self, port, target, limit):
        self.target, self.limit, self.cuts = target, limit, 0
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, True), daemon=True).start()

    def pass_on(self, source, target, is_answer=False):
        buffer, passed = bytearray(1 << 20), 0
        try:
            while count := source.recv_into(buffer):
                target.sendall(memoryview(buffer)[:count])
                passed += count
                if is_answer and not self.cuts and passed > self.limit:
                    self.cuts += 1
                    break
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "site" / "public"
    path.mkdir(parents=True)
    (path / "player.html").write_bytes(PLAYER)
    return path


@pytest.fixture
def browser(tmp_path):
    one = chromium.Chromium(str(tmp_path / "home"), preferences={
        "download.default_directory": str(tmp_path / "downloads"), "download.prompt_for_download": False})
    yield one
    one.close()


def start(tmp_path, folder, **site):
    return Daemon(str(tmp_path / "daemon"), str(folder.parent),
                  {"nobody": {"issuer": "http://127.0.0.1:9", "client_id": "postern"}}, ready="/healthz", **site)


def test_people_jump_about_in_a_film(tmp_path, folder, browser):
    daemon = start(tmp_path, folder)
    try:
        browser.open(daemon.url + "/public/player.html")
        pictures = browser.ask(PICTURES, SECONDS // EACH)
        film = webm([base64.b64decode(one.split(",")[1]) for one in pictures])
        (folder / "film.webm").write_bytes(film)
        browser.open(daemon.url + "/public/player.html")
        for time_, index in ((57.5, 11), (2.5, 0), (31.0, 6)):
            at, duration, *colour = browser.ask(JUMP, time_)
            assert abs(at - time_) < 0.5 and abs(duration - SECONDS) < 0.5
            expected = (index * 20, 255 - index * 20, 128)
            assert all(abs(one - other) < 30 for one, other in zip(colour, expected)), (time_, colour, expected)
        browser.open("about:blank")
        asked = [one for one in daemon.records() if one.get("path") == "/public/film.webm" and one.get("status") == 206]
        assert len(asked) >= 3 and sum(one["bytes"] for one in asked) < 2 * len(film), "only parts were asked for"
    finally:
        daemon.stop()


def test_a_download_of_two_gibibytes_goes_on_after_a_cut(tmp_path, folder, browser):
    marks = {at: os.urandom(4096) for at in (*range(0, SIZE, STEP), CUT - 4096, CUT, SIZE - 4096)}
    with open(folder / "huge.bin", "wb") as file:
        file.truncate(SIZE)
        for at, mark in marks.items():
            file.seek(at)
            file.write(mark)
    port, whole = process.free_port(), tmp_path / "downloads" / "huge.bin"
    daemon = start(tmp_path, folder, hosts=[f"localhost:{port}"])
    try:
        cutter = Cutter(port, daemon.port, CUT)
        browser.open(f"http://localhost:{port}/public/player.html")
        browser.script("const a = document.createElement('a'); a.href = 'huge.bin'; a.download = ''; a.click();")
        end = time.monotonic() + 120
        while not (whole.exists() and whole.stat().st_size == SIZE and not list(whole.parent.glob("*.crdownload"))):
            assert time.monotonic() < end, list(whole.parent.glob("*")) if whole.parent.exists() else "nothing"
            time.sleep(0.2)
        with open(whole, "rb") as file:
            for at, mark in marks.items():
                file.seek(at)
                assert file.read(len(mark)) == mark, f"what was at {at} is not there"
        assert cutter.cuts == 1
        time.sleep(0.3)
        statuses = [one["status"] for one in daemon.records() if one.get("path") == "/public/huge.bin"]
        assert statuses[0] == 200 and 206 in statuses[1:], statuses
    finally:
        daemon.stop()
        for path in (whole, folder / "huge.bin"):
            path.unlink(missing_ok=True)
