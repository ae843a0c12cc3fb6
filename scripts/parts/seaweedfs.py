"""SeaweedFS as a private S3 server: one process (`weed mini`), one bucket, one identity that may write and one
that may only read, which is Postern's."""

import glob
import json
import os
import secrets
import time

from .process import PartFailed, Process, answers, clean_environment, free_ports, port_is_free, program
from .s3 import S3

DOMAIN = "s3.postern.test"


class SeaweedFS:
    """Keeps its data in `directory`; given the same directory again it comes up with what it had. The ports and the
    keys are kept there too."""

    def __init__(self, directory, *, bucket="site", python=None):
        self.directory, self.bucket = str(directory), bucket
        os.makedirs(os.path.join(self.directory, "data"), exist_ok=True)
        state = self._state()
        ports = state["ports"]
        self.ports = list(ports.values())
        self.port = ports["s3"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key, self.secret_key = state["reader"]
        identities = os.path.join(self.directory, "identities.json")
        with open(os.open(identities, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            json.dump(self._identities(state), target, indent=1)
        argv = [
            program("weed", python), "-logtostderr=true", "mini", f"-dir={self.directory}/data",
            "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false", "-master.telemetry=false",
            f"-master.port={ports['master']}", f"-master.port.grpc={ports['master_grpc']}",
            f"-volume.port={ports['volume']}", f"-volume.port.grpc={ports['volume_grpc']}",
            f"-filer.port={ports['filer']}", f"-filer.port.grpc={ports['filer_grpc']}",
            f"-admin.port={ports['admin']}", f"-admin.port.grpc={ports['admin_grpc']}",
            f"-s3.port={ports['s3']}", f"-s3.port.grpc={ports['s3_grpc']}", f"-s3.config={identities}",
            "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", f"-s3.domainName={DOMAIN}",
            f"-filer.localSocket={self.directory}/filer.sock", f"-s3.localSocket={self.directory}/s3.sock",
            f"-bucket={bucket}",
        ]
        self.process = Process(
            "SeaweedFS", argv, log=f"{self.directory}/weed.log", environment=clean_environment(self.directory),
            ready=answers(f"{self.endpoint}/healthz"), directory=self.directory)
        self.writer = S3(self.endpoint, bucket, *state["writer"])
        self._wait_for_bucket()

    def _state(self):
        path = os.path.join(self.directory, "state.json")
        try:
            with open(path, encoding="utf-8") as source:
                state = json.load(source)
        except FileNotFoundError:
            state = {
                name: ["AKID" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30)]
                for name in ("reader", "writer")
            }
        names = ("s3", "s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "admin",
                 "admin_grpc")
        kept = state.get("ports", {})
        self._sweep(kept.values())
        if sorted(kept) != sorted(names) or not all(port_is_free(port) for port in kept.values()):
            state["ports"] = dict(zip(names, free_ports(len(names))))
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            json.dump(state, target, indent=1)
        return state

    def _identities(self, state):
        def identity(name, actions):
            key, secret = state[name]
            return {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}

        return {
            "identities": [
                identity("writer", ["Admin", "Read", "List", "Tagging", "Write"]),
                identity("reader", [f"Read:{self.bucket}", f"List:{self.bucket}"]),
            ]
        }

    def _wait_for_bucket(self):
        """The bucket is made half a second after the server says that it is healthy, and content needs a volume."""
        end = time.monotonic() + 20
        while True:
            try:
                self.writer.put(".ready", b"yes")
                self.writer.request("DELETE", ".ready")
                return
            except OSError as error:
                if time.monotonic() > end:
                    self.stop()
                    raise PartFailed(f"SeaweedFS has no bucket {self.bucket}: {error}") from error
                time.sleep(0.1)

    @staticmethod
    def _sweep(ports):
        """Removes the sockets that a killed server leaves in the folder for temporary files."""
        for port in ports:
            for path in glob.glob(f"/tmp/seaweedfs-*-{port}.sock"):
                try:
                    os.unlink(path)
                except OSError:
                    pass

    def stop(self, grace=0):
        """It takes seconds to end by itself, and what it holds is on disk already."""
        if grace:
            self.process.stop(grace)
        self.process.kill()
        self._sweep(self.ports)
