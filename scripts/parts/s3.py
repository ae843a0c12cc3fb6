"""A small S3 client with Signature Version 4, for filling buckets. Its canonical form is written from the
specification and shares nothing with Postern's signer."""

import datetime
import hashlib
import hmac
import http.client
import ssl
import urllib.parse


def _sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class S3:
    """One bucket, path-style. `body` may be bytes, or a list of parts that are sent one after the other."""

    def __init__(self, endpoint, bucket, access_key, secret_key, region="us-east-1"):
        parts = urllib.parse.urlsplit(endpoint)
        self.secure, self.host, self.port = parts.scheme == "https", parts.hostname, parts.port
        self.bucket, self.access_key, self.secret_key, self.region = bucket, access_key, secret_key, region

    def _headers(self, method, path, extra):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            **{name.lower(): value for name, value in extra.items()},
            "host": f"{self.host}:{self.port}",
            "x-amz-date": now,
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        }
        names = sorted(headers)
        canonical = "\n".join(
            [method, path, "", *(f"{name}:{headers[name].strip()}" for name in names), "", ";".join(names),
             "UNSIGNED-PAYLOAD"]
        )
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + self.secret_key).encode()
        for step in (now[:8], self.region, "s3", "aws4_request"):
            key = _sign(key, step)
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={';'.join(names)}, "
            f"Signature={signature}"
        )
        return headers

    def request(self, method, key, body=None, headers=None):
        """The status, the header fields, and the body."""
        path = f"/{self.bucket}" + ("/" + urllib.parse.quote(key, safe="/-_.~") if key else "")
        extra = dict(headers or {})
        if body is not None:
            extra["content-length"] = str(sum(map(len, body)) if isinstance(body, list) else len(body))
        if self.secure:
            connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=60, context=ssl._create_unverified_context())
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self._headers(method, path, extra).items():
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders()
            for part in body if isinstance(body, list) else [body] if body else []:
                connection.send(part)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def put(self, key, body, content_type=None, **headers):
        """Stores an object; header names are given with underscores, such as `cache_control`."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type:
            fields["content-type"] = content_type
        status, _, answer = self.request("PUT", key, body, fields)
        if status != 200:
            raise OSError(f"PUT {key} was answered with {status}: {answer[:300]!r}")

    def get(self, key):
        status, _, body = self.request("GET", key)
        return body if status == 200 else None
