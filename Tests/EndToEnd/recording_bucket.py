"""A bucket that has an object for every key, notes what reaches it byte for byte, and holds each signature against
botocore's, made anew from what came."""

import http.server
import re
import threading
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode


class RecordingBucket:
    def __init__(self, secrets):
        """`secrets`: of each access key ID."""
        self.secrets = secrets
        self.requests = []
        """Method, target, and the fields as a list of pairs, names in lower case."""
        self.faults = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle_any(self):
                fields = [(name.lower(), value) for name, value in self.headers.items()]
                outer.requests.append((self.command, self.path, fields))
                fault = outer.fault(self.command, self.path, fields)
                if fault:
                    outer.faults.append(f"{self.command} {self.path}: {fault}")
                path, _, query = self.path.partition("?")
                body, status = urllib.parse.unquote_to_bytes(path), 403 if fault else 200
                if query == "versionId=unknown":
                    body, status = b"<Error><Code>InvalidArgument</Code></Error>", 400
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("ETag", '"tag"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def fault(self, method, target, fields):
        """What is wrong with a request; nothing where botocore would have sent it so."""
        names = [name for name, _ in fields]
        if len(set(names)) != len(names):
            return "a field stands twice"
        fields = dict(fields)
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
                             r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})", fields.get("authorization", ""))
        if not found:
            return "it is not signed"
        key, day, region, signed, signature = found.groups()
        signed = signed.split(";")
        loose = set(names) - set(signed) - {"authorization", "accept-encoding", "connection"}
        if loose or signed != sorted(signed):
            return f"not signed: {loose}, or not in order: {signed}"
        path, _, query = target.partition("?")
        if percent_encode(urllib.parse.unquote_to_bytes(path), safe="/~") != path:
            return "the path is not encoded as botocore does"
        secret, token = self.secrets[key]
        if token != fields.get("x-amz-security-token"):
            return "another session token, or none"
        request = AWSRequest(method=method, url=f"http://{fields['host']}{target}",
                             headers={name: fields[name] for name in signed})
        request.context["timestamp"] = fields["x-amz-date"]
        signer = S3SigV4Auth(Credentials(key, secret, token), "s3", region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if fields["x-amz-date"][:8] != day or signer.signature(text, request) != signature:
            return f"botocore signs otherwise:\n{signer.canonical_request(request)}"
        return None
