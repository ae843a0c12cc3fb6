"""What lies in the demo's bucket: the files below demo/site, and one large download that is made up on the spot."""

import hashlib
import mimetypes
import os

SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")
DOWNLOAD = "downloads/sky-survey.dat"
DOWNLOAD_BLOCKS = 200
BLOCK = 1_000_000


def download():
    """200 MB that look like noise and are the same every time, block by block."""
    for number in range(DOWNLOAD_BLOCKS):
        yield hashlib.shake_128(b"postern demo, block %d" % number).digest(BLOCK)


def media_type(path):
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml")
    return kind + "; charset=utf-8" if is_text else kind


def pages():
    """Key and path of every file of the site, in order."""
    for folder, _, names in sorted(os.walk(SITE)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            yield os.path.relpath(path, SITE), path


def fingerprint():
    """Changes whenever the bucket would be filled differently."""
    digest = hashlib.sha256(b"%d %d" % (DOWNLOAD_BLOCKS, BLOCK))
    for key, path in pages():
        with open(path, "rb") as source:
            digest.update(key.encode() + b"\0" + hashlib.sha256(source.read()).digest())
    return digest.hexdigest()


def fill(bucket, progress=lambda text: None):
    """Stores everything; the SHA-256 of the download."""
    progress(DOWNLOAD)
    blocks = list(download())
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    bucket.put(DOWNLOAD, blocks, "application/octet-stream")
    for key, path in pages():
        progress(key)
        with open(path, "rb") as source:
            body = source.read()
        if key == "downloads/index.html":
            body = body.replace(b"@SHA256@", digest.hexdigest().encode())
            body = body.replace(b"@SIZE@", f"{DOWNLOAD_BLOCKS * BLOCK // 1_000_000} MB".encode())
        bucket.put(key, body, media_type(key))
    return digest.hexdigest()
