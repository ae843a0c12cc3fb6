# Postern in a container: built with Swift, run without it.
#
#   docker build -t postern .
#   docker run -p 8443:8443 -v /etc/postern:/etc/postern:ro postern
#
# The program runs as user 10001, not as root: its config and secrets must be readable by that user. The config names
# ports above 1024 (8443), log.access: stdout, and an admin address that is reached from where it is asked (127.0.0.1
# is the container itself). Sign-outs are remembered in /var/lib/postern: mount a volume there to have them outlive the
# container. Nothing else is written, so that the root file system may be read-only (--read-only).

FROM swift:6.3-bookworm AS build
# Debian's release is the pin
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends pkg-config libssl-dev libnghttp2-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# the dependencies first: they change less often than the sources
COPY Package.swift ./
RUN swift package resolve
COPY scripts/build scripts/build
COPY Sources Sources
COPY Tests Tests
RUN scripts/build && install -D .build/release/postern /out/postern

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libnghttp2-14 libssl3 libstdc++6 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin postern \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/postern
COPY --from=build /out/postern /usr/bin/postern
COPY config/postern.yaml /usr/share/doc/postern/postern.yaml
USER 10001:10001
EXPOSE 8443
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/postern"]
CMD ["serve", "--config", "/etc/postern/postern.yaml"]
