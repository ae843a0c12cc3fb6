# Postern in a container: built with Swift, run with nothing but the libraries that it is linked with.
#
#   docker build -t postern .
#   docker run --read-only --cap-drop=ALL -p 443:8443 -v /etc/postern:/etc/postern:ro -v postern:/var/lib/postern postern
#
# It runs as user 10001: config and secrets must be readable by that user. docs/containers.md says the rest, and has
# examples for Compose, Kubernetes and ECS.

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
RUN scripts/build && install -D --strip .build/release/postern /out/postern

FROM debian:bookworm-slim AS root
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libnghttp2-14 libssl3 libstdc++6 zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/postern /out/postern
COPY scripts/image-root /out/image-root
RUN /out/image-root /out/postern /image

FROM scratch
LABEL org.opencontainers.image.title="Postern" \
      org.opencontainers.image.description="A sign-in in front of private, S3-compatible buckets" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=root /image/ /
USER 10001:10001
EXPOSE 8443
# What was signed out stays so: all that is ever written.
VOLUME /var/lib/postern
STOPSIGNAL SIGTERM
# The program asks its own admin listener.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/bin/postern", "health"]
ENTRYPOINT ["/usr/bin/postern"]
CMD ["serve"]
