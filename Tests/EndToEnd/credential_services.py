"""What gives credentials, in one small server that can lie: STS, a container's agent, an instance's metadata service of
version 2; and a bucket that notes who asked, and knows which keys are good."""

import datetime
import http.server
import json
import re
import secrets
import threading
import urllib.parse


def moment(seconds):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


class CredentialServices:
    def __init__(self):
        self.life = 3600
        """Of the credentials that it gives, in seconds."""
        self.fail = False
        self.requests = []
        """Method, target, headers (names in lower case) and body of everything but the bucket's."""
        self.issued = []
        """Access key ID, secret and session token, the latest last."""
        self.signed = []
        """Access key ID and session token of the requests that the bucket saw."""
        self.token = secrets.token_urlsafe(24)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, kind, answer = outer.answer(
                    self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_HEAD = do_POST = do_PUT = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def issue(self):
        self.issued.append((f"ASIA{secrets.token_hex(6).upper()}", secrets.token_urlsafe(30), secrets.token_urlsafe(60)))
        return self.issued[-1]

    def answer(self, method, target, headers, body):
        if target.startswith("/bucket/"):
            return self.content(target, headers)
        self.requests.append((method, target, headers, body.decode("utf-8", "replace")))
        if self.fail:
            return 500, "text/plain", b"not now"
        if target == "/latest/api/token" and method == "PUT" and headers.get("x-aws-ec2-metadata-token-ttl-seconds"):
            return 200, "text/plain", self.token.encode()
        if target.startswith("/latest/") and headers.get("x-aws-ec2-metadata-token") != self.token:
            return 401, "text/plain", b""
        if target == "/latest/meta-data/iam/security-credentials/":
            return 200, "text/plain", b"docs-role"
        if target == "/latest/meta-data/iam/security-credentials/docs-role":
            return self.document()
        if target == "/role":
            return self.document() if headers.get("authorization") == self.token else (403, "text/plain", b"")
        if target == "/" and method == "POST":
            form = dict(urllib.parse.parse_qsl(body.decode()))
            known = {"AssumeRoleWithWebIdentity": form.get("WebIdentityToken") == self.token,
                     "AssumeRole": re.search(r"Credential=AKIAFILE/\d{8}/eu-west-1/sts/",
                                             headers.get("authorization", ""))}
            if not known.get(form["Action"]):
                return 403, "text/xml", b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            key, secret, token = self.issue()
            action = form["Action"]
            return 200, "text/xml", (
                f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
                f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                f"<SessionToken>{token}</SessionToken><Expiration>{moment(self.life)}</Expiration></Credentials>"
                f"</{action}Result></{action}Response>").encode()
        return 404, "text/plain", b""

    def document(self):
        key, secret, token = self.issue()
        return 200, "application/json", json.dumps({
            "Code": "Success", "AccessKeyId": key, "SecretAccessKey": secret, "Token": token,
            "Expiration": moment(self.life)}).encode()

    def content(self, target, headers):
        found = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
        key, token = found and found[1], headers.get("x-amz-security-token")
        self.signed.append((key, token))
        good = [(one, session) for one, _, session in self.issued] + [("AKIAFILE", None), ("AKIAENV", None)]
        if (key, token) not in good:
            return 403, "application/xml", b"<Error><Code>InvalidAccessKeyId</Code></Error>"
        return 200, "text/plain", b"hello"
