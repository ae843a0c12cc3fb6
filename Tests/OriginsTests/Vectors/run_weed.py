"""Runs a SeaweedFS (`weed mini`) for the origin suite, on free ports of 127.0.0.1.

    python3 run_weed.py WEED ACCESS_KEY SECRET_KEY

Prints its S3 port once it answers, and ends it, and removes its files, when standard input ends: so it
cannot outlive the test that started it, however that ends.
"""
import json, os, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

weed, access_key, secret_key = sys.argv[1:]
folder = tempfile.mkdtemp(prefix="origins-weed-")
sockets = [socket.socket() for _ in range(10)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
s3, *rest = [s.getsockname()[1] for s in sockets]
for s in sockets:
    s.close()
with open(folder + "/s3.json", "w") as f:
    json.dump({"identities": [{"name": "suite", "actions": ["Admin", "Read", "List", "Write"],
                               "credentials": [{"accessKey": access_key, "secretKey": secret_key}]}]}, f)
os.mkdir(folder + "/data")
names = ["admin.port", "admin.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
         "filer.port", "filer.port.grpc", "s3.port.grpc"]
log = open(folder + "/log", "wb")
process = subprocess.Popen(
    [weed, "-logtostderr=true", "mini", "-dir=" + folder + "/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
     "-admin.ui=false", "-webdav=false", "-master.telemetry=false", "-filer.localSocket=" + folder + "/f.sock",
     "-s3.localSocket=" + folder + "/s.sock", f"-s3.port={s3}", "-s3.config=" + folder + "/s3.json", "-s3.port.iceberg=0",
     "-s3.port.lance=0", "-s3.iam=false", "-bucket=site", "-s3.domainName=s3.test"]
    + [f"-{name}={port}" for name, port in zip(names, rest)],
    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def stop(*_):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    # What it leaves in /tmp itself.
    for name, port in zip(names, rest):
        path = "/tmp/seaweedfs-%s-grpc-%d.sock" % (name.split(".")[0], port)
        if os.path.exists(path):
            os.unlink(path)
    os._exit(0)


signal.signal(signal.SIGTERM, stop)
deadline = time.monotonic() + 60
while True:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{s3}/healthz", timeout=1)
        break
    except OSError:
        if process.poll() is not None or time.monotonic() > deadline:
            sys.stderr.write(open(folder + "/log", errors="replace").read()[-2000:])
            stop()
        time.sleep(0.05)
print(s3, flush=True)
sys.stdin.read()
stop()
