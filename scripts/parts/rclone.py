"""rclone as an S3 server before a folder: `rclone serve s3`. Each folder below it is a bucket."""

import os
import secrets

from .process import Process, clean_environment, free_port, listens, program
from .s3 import S3


class Rclone:
    def __init__(self, directory, *, bucket="site", python=None):
        self.directory, self.bucket = str(directory), bucket
        for name in (bucket, "other"):
            os.makedirs(os.path.join(self.directory, "data", name), exist_ok=True)
        settings = os.path.join(self.directory, "rclone.conf")
        with open(settings, "w", encoding="ascii"):
            pass
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key, self.secret_key = "AKID" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30)
        self.process = Process(
            "rclone",
            [program("rclone", python), "serve", "s3", f"{self.directory}/data", f"--config={settings}",
             f"--addr=127.0.0.1:{self.port}", f"--auth-key={self.access_key},{self.secret_key}",
             f"--cache-dir={self.directory}/cache"],
            log=f"{self.directory}/rclone.log", environment=clean_environment(self.directory),
            ready=listens(self.port), directory=self.directory)
        self.writer = S3(self.endpoint, bucket, self.access_key, self.secret_key)

    def stop(self):
        self.process.stop()
