"""HTTP as the tests need it: exact bytes out, everything that came back, and a browser's cookies and redirects."""

import dataclasses
import http.client
import json
import re
import socket
import ssl
import urllib.parse

SEEN = set()
"""Every cookie, code, state and token that went through a client here: none may stand in a log."""

NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none", "Sec-Fetch-User": "?1",
}


def note(value):
    if value and len(value) >= 16:
        SEEN.add(value)


@dataclasses.dataclass
class Answer:
    status: int
    headers: list
    body: bytes
    url: str = ""

    def all(self, name):
        return [value for one, value in self.headers if one.lower() == name.lower()]

    def get(self, name, default=None):
        return next(iter(self.all(name)), default)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        return urllib.parse.urljoin(self.url, self.get("location", ""))

    def __str__(self):
        fields = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return f"{self.url}\n{self.status}\n{fields}\n\n{self.text[:1500]}"


def connect(port, *, address="127.0.0.1", tls=None, name=None, timeout=20):
    """A connection; `address` may be a path to a Unix socket, `tls` an SSLContext with `name` as the server's."""
    if address.startswith("/"):
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(timeout)
        plain.connect(address)
    else:
        plain = socket.create_connection((address, port), timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(plain, server_hostname=name) if tls else plain


def head(method, target, host, headers=None, version="HTTP/1.1"):
    """A request's head, with nothing added and nothing checked."""
    pairs = [("Host", host)] if host is not None else []
    pairs += list(headers.items() if isinstance(headers, dict) else headers or [])
    lines = [f"{method} {target} {version}"] + [f"{name}: {value}" for name, value in pairs]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def read_answer(connection, method="GET", url="", body=True):
    """One answer from the connection; with `body=False` the response, to be read by the caller."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    if not body:
        return response
    return Answer(response.status, response.getheaders(), response.read(), url)


def request(port, target, *, host, method="GET", headers=None, body=b"", tls=None, address="127.0.0.1", timeout=20):
    """One request on a connection of its own."""
    fields = {"Connection": "close", **(headers or {})} if not isinstance(headers, list) else headers
    if body and isinstance(fields, dict):
        fields.setdefault("Content-Length", str(len(body)))
    name = host.rsplit(":", 1)[0] if host and not host.startswith("[") else None
    with connect(port, address=address, tls=tls, name=name, timeout=timeout) as connection:
        connection.sendall(head(method, target, host, fields) + body)
        scheme = "https" if tls else "http"
        return read_answer(connection, method, f"{scheme}://{host}{target}")


@dataclasses.dataclass
class Cookie:
    value: str
    attributes: dict


def parse_set_cookie(line):
    pair, *rest = line.split(";")
    name, _, value = pair.strip().partition("=")
    attributes = {}
    for one in rest:
        key, _, content = one.strip().partition("=")
        attributes[key.lower()] = content
    return name, Cookie(value, attributes)


class Browser:
    """Cookies by host name (ports share them, as in a browser), redirects, and a navigation's headers. Every host is
    this machine."""

    def __init__(self, authority=None):
        self.context = ssl.create_default_context(cafile=authority) if authority else None
        self.cookies = {}
        self.history = []

    def clone(self):
        copy = Browser()
        copy.context = self.context
        copy.cookies = {host: dict(jar) for host, jar in self.cookies.items()}
        return copy

    def jar(self, url):
        return self.cookies.setdefault(urllib.parse.urlsplit(url).hostname, {})

    def cookie_header(self, url):
        return "; ".join(f"{name}={cookie.value}" for name, cookie in self.jar(url).items())

    def send(self, url, method="GET", headers=None, body=b"", navigation=True):
        """One request; redirects are not followed."""
        parts = urllib.parse.urlsplit(url)
        fields = {**(NAVIGATION if navigation else {}), **(headers or {})}
        if self.jar(url):
            fields["Cookie"] = self.cookie_header(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        for name, value in urllib.parse.parse_qsl(parts.query):
            if name in ("code", "state", "id_token"):
                note(value)
        answer = request(
            parts.port or (443 if parts.scheme == "https" else 80), target, host=parts.netloc, method=method,
            headers=fields, body=body, tls=self.context if parts.scheme == "https" else None)
        answer.url = url
        for line in answer.all("set-cookie"):
            name, cookie = parse_set_cookie(line)
            note(cookie.value)
            if cookie.attributes.get("max-age") == "0" or "1970" in cookie.attributes.get("expires", ""):
                self.jar(url).pop(name, None)
            else:
                self.jar(url)[name] = cookie
        self.history.append(answer)
        return answer

    def open(self, url, limit=12):
        """A navigation to its end."""
        answer = self.send(url)
        while answer.status in (301, 302, 303, 307, 308) and answer.get("location"):
            limit -= 1
            assert limit > 0, f"a loop of redirects: {[(one.status, one.url[:120]) for one in self.history[-6:]]}"
            answer = self.send(answer.location)
        return answer

    def fetch(self, url, **headers):
        """What a script on the page does."""
        return self.send(url, navigation=False, headers={
            "Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", **headers})

    def submit(self, url, fields, **headers):
        """A form, sent by POST. The page that it stands on is on the same host."""
        parts = urllib.parse.urlsplit(url)
        return self.send(url, "POST", body=urllib.parse.urlencode(fields).encode(), headers={
            "Content-Type": "application/x-www-form-urlencoded", "Origin": f"{parts.scheme}://{parts.netloc}",
            "Referer": url, "Sec-Fetch-Site": "same-origin", **headers})


def form(text):
    """The hidden and other named fields of the page's forms."""
    fields = {}
    for tag in re.findall(r"<(?:input|button)\b[^>]*>", text):
        name, value = re.search(r'\bname="([^"]*)"', tag), re.search(r'\bvalue="([^"]*)"', tag)
        if name:
            fields[name[1]] = (value[1] if value else "").replace("&#34;", '"').replace("&amp;", "&")
    return fields


def query(url):
    """The parameters of a URL; a name that stands twice is a failure."""
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), f"a parameter stands twice in {url}"
    return dict(pairs)
