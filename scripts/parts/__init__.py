"""The real parts that Postern stands between when it is shown, tested or measured.

S3 servers (SeaweedFS, OpenStack Swift, rclone), OpenID providers (Canaille, Glewlwyd, LemonLDAP::NG, and one of our own
that can lie), certificates, and the processes that they run in. The standard library alone is needed to import these modules, except
for the provider that lies. Nothing here leaves the machine: everything listens on, and talks to, the loopback
interface.
"""
