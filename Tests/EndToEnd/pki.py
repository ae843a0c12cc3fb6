"""Certificates made in memory, for clients too, and an OCSP responder that answers as a test says."""

import datetime
import http.server
import os
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class Authority:
    """A certificate authority that lives in memory; what it issues stands in files, each with its chain."""

    def __init__(self, directory, name="OCSP test authority"):
        self.directory, self.key = str(directory), ec.generate_private_key(ec.SECP256R1())
        os.makedirs(self.directory, exist_ok=True)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(self.name, self.key, [
            (x509.BasicConstraints(True, None), True),
            (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)])
        self.path = self._write("authority.pem", self.certificate.public_bytes(serialization.Encoding.PEM))

    def _build(self, subject, key, extensions, days=7, seconds=0):
        builder = x509.CertificateBuilder(
            self.name, subject, key.public_key(), x509.random_serial_number(),
            now() - datetime.timedelta(days=30), now() + datetime.timedelta(days=days, seconds=seconds))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, data):
        path = os.path.join(self.directory, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            target.write(data)
        return path

    def signer(self, *extensions, days=7):
        """A certificate of no host, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "responder")])
        return self._build(subject, key, [(one, False) for one in extensions], days), key

    def issue(self, name, host, responder=None, must_staple=False, chain=True, days=7):
        """The paths of a chain and a key, and the certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [(x509.SubjectAlternativeName([x509.DNSName(host)]), False)]
        if responder:
            extensions.append((x509.AuthorityInformationAccess([x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder))]), False))
        if must_staple:
            extensions.append((x509.TLSFeature([x509.TLSFeatureType.status_request]), False))
        certificate = self._build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), key, extensions, days)
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        if chain:
            pem += self.certificate.public_bytes(serialization.Encoding.PEM)
        return (self._write(name + ".pem", pem), self._write(name + ".key", key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())), certificate)

    def client(self, name, *, days=7, seconds=0, usage=ExtendedKeyUsageOID.CLIENT_AUTH):
        """The paths of a client's certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, [
            (x509.ExtendedKeyUsage([usage]), False)], days, seconds)
        return (self._write(name + ".pem", certificate.public_bytes(serialization.Encoding.PEM)),
                self._write(name + ".key", key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())))

    def response(self, certificate, status=ocsp.OCSPCertStatus.GOOD, life=3600, age=0, signer=None, shown=None):
        """An OCSP response in DER that began `age` seconds ago and lives `life` seconds. `signer` is (certificate, key)
        of another than the authority."""
        start = now() - datetime.timedelta(seconds=age)
        by, key = signer or (self.certificate, self.key)
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, self.certificate, hashes.SHA1(), status, start, start + datetime.timedelta(seconds=life),
            start if status == ocsp.OCSPCertStatus.REVOKED else None, None
        ).responder_id(ocsp.OCSPResponderEncoding.HASH, by)
        if signer:
            builder = builder.certificates([shown or by])
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


DELEGATE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])


class Responder:
    """Answers every POST with what `answer()` gives: bytes, or a function that is given the handler."""

    def __init__(self):
        self.answer, self.requests = lambda: b"", []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.headers, body))
                answer = outer.answer()
                if callable(answer):
                    return answer(self)
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/ocsp"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
