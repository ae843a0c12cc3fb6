"""OpenStack Swift with its S3 API: the strictest verifier of signatures that Debian has, for it holds the region and the
content's digest against what was signed. Four processes, one copy of everything, accounts in a file (tempauth)."""

import getpass
import os
import secrets

from .process import PartFailed, Process, clean_environment, free_ports, listens, program, stop_all
from .s3 import S3

REGION = "us-east-1"
KINDS = ("account", "container", "object")
# The proxy's way in, in the order in which a request passes.
FILTERS = ("catch_errors", "gatekeeper", "cache", "listing_formats", "s3api", "tempauth", "copy", "slo", "dlo",
           "versioned_writes", "symlink")

# What `swift-ring-builder` does, for one device: which server has what.
RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for kind, port in zip(("account", "container", "object"), ports):
    builder = RingBuilder(4, 1, 0)
    address = {"ip": "127.0.0.1", "port": int(port)}
    builder.add_dev({"region": 1, "zone": 1, "weight": 1.0, "device": "disk", **address,
                     **{"replication_" + name: value for name, value in address.items()}})
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{kind}.ring.gz")
"""


def text(sections):
    return "\n".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
                     for name, settings in sections.items())


class OpenStackSwift:
    def __init__(self, directory, *, bucket="site"):
        self.directory, self.bucket = str(directory), bucket
        os.makedirs(os.path.join(self.directory, "devices", "disk"), exist_ok=True)
        ports = dict(zip(("proxy", *KINDS), free_ports(4)))
        self.port = ports["proxy"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key, self.secret_key = "docs:postern", secrets.token_urlsafe(30)
        self._write("swift.conf", {
            "swift-hash": {"swift_hash_path_suffix": secrets.token_hex(8)},
            "storage-policy:0": {"name": "only", "default": "yes"}})
        common = {"bind_ip": "127.0.0.1", "workers": 0, "user": getpass.getuser(), "swift_dir": self.directory,
                  "log_address": f"{self.directory}/no-log"}
        for kind in KINDS:
            self._write(f"{kind}.conf", {
                "DEFAULT": {**common, "bind_port": ports[kind], "devices": f"{self.directory}/devices",
                            "mount_check": "false"},
                "pipeline:main": {"pipeline": f"{kind}-server"},
                f"app:{kind}-server": {"use": f"egg:swift#{kind}"}})
        settings = {
            "s3api": {"s3_acl": "false", "location": REGION, "dns_compliant_bucket_names": "false"},
            "tempauth": {"user_docs_postern": f"{self.secret_key} .admin"},
            # Required, and need not be there.
            "cache": {"memcache_servers": "127.0.0.1:1"}}
        self._write("proxy.conf", {
            "DEFAULT": {**common, "bind_port": self.port},
            "pipeline:main": {"pipeline": " ".join([*FILTERS, "proxy-server"])},
            "app:proxy-server": {"use": "egg:swift#proxy", "account_autocreate": "true"},
            **{f"filter:{name}": {"use": f"egg:swift#{'memcache' if name == 'cache' else name}", **settings.get(name, {})}
               for name in FILTERS}})
        environment = clean_environment(self.directory)
        made = Process("swift-ring-builder", ["/usr/bin/python3", "-c", RINGS, self.directory,
                                              *(ports[kind] for kind in KINDS)],
                       log=f"{self.directory}/rings.log", environment=environment)
        if made.wait(30) != 0:
            raise PartFailed(f"Swift's rings could not be made:\n{made.log_tail()}")
        self.processes = [
            Process(f"swift-{kind}", [program(f"swift-{kind}-server"), f"{self.directory}/{kind}.conf", "-v"],
                    log=f"{self.directory}/{kind}.log", environment=environment, directory=self.directory)
            for kind in ports]
        try:
            for (kind, port), one in zip(ports.items(), self.processes):
                one.wait_until(listens(port))
            self.writer = S3(self.endpoint, bucket, self.access_key, self.secret_key, REGION)
            for name in (bucket, "other"):
                self._make(name)
        except BaseException:
            self.stop()
            raise

    def _write(self, name, sections):
        with open(os.open(os.path.join(self.directory, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as target:
            target.write(text(sections))

    def _make(self, bucket):
        status, _, answer = S3(self.endpoint, bucket, self.access_key, self.secret_key, REGION).request("PUT", "", b"")
        if status != 200:
            raise PartFailed(f"Swift made no bucket {bucket}: {status} {answer[:300]!r}\n{self.processes[0].log_tail()}")

    def stop(self):
        stop_all(self.processes)
