# Postern in a container: built with Swift, run without it.
#
#   docker build -t postern .
#   docker run -p 8443:8443 -v /etc/postern:/etc/postern:ro postern
#
# The config names a port above 1024 (the program does not run as root), and log.access: stdout.

FROM swift:6.3-bookworm AS build
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
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 libnghttp2-14 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin postern
COPY --from=build /out/postern /usr/bin/postern
COPY config/postern.yaml /usr/share/doc/postern/postern.yaml
USER 10001:10001
EXPOSE 8443
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/postern"]
CMD ["serve", "--config", "/etc/postern/postern.yaml"]
