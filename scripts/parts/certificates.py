"""A throw-away certificate authority, and what it signs, by the openssl command."""

import os
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """Lives in a directory: `ca.crt` is what a client has to trust."""

    def __init__(self, directory):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.certificate = self._path("ca.crt")
        if not os.path.exists(self.certificate):
            _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", self._path("ca.key"), "-out", self.certificate, "-days", "30",
                     "-subj", "/CN=Postern test authority", "-addext", "basicConstraints=critical,CA:TRUE",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _path(self, name):
        return os.path.join(self.directory, name)

    def issue(self, name, *hosts, days=7):
        """The paths of a certificate for these names and addresses, and of its key."""
        certificate, key = self._path(name + ".crt"), self._path(name + ".key")
        is_address = lambda host: ":" in host or host.replace(".", "").isdigit()
        names = ",".join(("IP:" if is_address(host) else "DNS:") + host for host in hosts)
        with open(self._path(name + ".ext"), "w", encoding="ascii") as target:
            target.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
                         "extendedKeyUsage=serverAuth\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                 "-out", self._path(name + ".csr"), "-subj", "/CN=" + hosts[0])
        _openssl("x509", "-req", "-in", self._path(name + ".csr"), "-CA", self.certificate,
                 "-CAkey", self._path("ca.key"), "-CAcreateserial", "-days", days, "-out", certificate,
                 "-extfile", self._path(name + ".ext"))
        return certificate, key


def trust_in_chromium(home, certificate):
    """Chromium trusts what stands in this database of its home folder (certutil is in libnss3-tools)."""
    database = os.path.join(str(home), ".pki", "nssdb")
    os.makedirs(database, exist_ok=True)
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "postern-test", "-t", "C,,", "-i", certificate]):
        subprocess.run(["certutil", *arguments, "-d", "sql:" + database], check=True, capture_output=True)
