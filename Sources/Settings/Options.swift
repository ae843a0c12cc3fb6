/// Every option that a config can have: those of the process and its limits here, the others beside. `OptionTable.rows`
/// lists them in the reference's order.
enum Options {
    // Top level
    static let include = Option(
        "include", .list(.path), default: "",
        "Files that belong to the config, seen from the one that includes them: paths, or patterns with `*` and `?` in the file's name, whose files come in the order of their names. A section may be told in several files, a key in one."
    )
    static let workers = Option(
        "workers", .workers, default: "auto",
        "Event-loop threads; `auto` is one per core that the process can use, by its affinity and its control group's quota."
    )
    static let trustedProxies = Option(
        "trusted_proxies", .list(.addressRange), default: "",
        "Whose `X-Forwarded-*` and `Forwarded` fields, and whose PROXY headers, are believed. `unix:` is whoever connects by a Unix socket. Name only proxies that set these fields themselves. Where a request has `X-Forwarded-*`, its `Forwarded` does not count."
    )
    static let sessionKeys = Option(
        "session_keys", .list(.secret),
        "Keys that sessions are sealed with, newest first: the first seals, all of them open. Each is 32 random bytes or more, raw or as base64 or hex; `postern secret` prints one. Required where a site has a provider."
    )

    static let stateDirectory = Option(
        "state_directory", .path,
        "Where is kept what outlives a restart: which sessions were ended, which callbacks were used. Instances on one machine may share it. Left out: `$STATE_DIRECTORY`, as systemd gives it; else `/var/lib/postern` where it can be written to; else `$XDG_STATE_HOME/postern`, or `~/.local/state/postern`."
    )

    // Listeners
    static let listenerAddress = Option(
        "listeners.*.address", .listenAddress,
        "Where to accept connections: `ADDRESS:PORT`, `[IPV6]:PORT`, `unix:PATH`, or `systemd:NAME`: the sockets of this `FileDescriptorName` that systemd hands over."
    )
    static let listenerReusePort = Option(
        "listeners.*.reuse_port", .flag, default: "false",
        "Lets another instance of the same user listen on the same address and port (SO_REUSEPORT), so that it can take over: start the new one, then stop the old one. With `false` this one does not start where another listens."
    )
    static let listenerRedirect = Option(
        "listeners.*.redirect_to_https", .flag, default: "false",
        "Answers every request with a redirect to its `https` URL. For plain HTTP listeners.")
    static let listenerProxyProtocol = Option(
        "listeners.*.proxy_protocol", .flag, default: "false",
        "Every connection begins with a PROXY header, version 1 or 2, that names the client. Only `trusted_proxies` may connect then, or whoever reaches the Unix socket."
    )
    static let listenerCertificate = Option(
        "listeners.*.tls.certificate", .list(.pem),
        "The certificate chain in PEM, the host's own first. Several: the first is for clients that name no host, the others are chosen by SNI."
    )
    static let listenerKey = Option(
        "listeners.*.tls.key", .list(.pemSecret),
        "The certificate's private key in PEM; several in the certificates' order.")
    static let listenerStapling = Option(
        "listeners.*.tls.ocsp_stapling", .flag, default: "true",
        "Whether handshakes carry an OCSP response, fetched from the responder that the certificate names, if it names one. The chain must have the certificate's issuer."
    )
    static let listenerClientCA = Option(
        "listeners.*.tls.client_ca", .pem,
        "Authorities in PEM whose certificates clients prove themselves by (mutual TLS). A certificate signs nobody in: rules and sessions are what they are without."
    )
    static let listenerClientCertificates = Option(
        "listeners.*.tls.client_certificates", .choice(ofType: ClientCertificateMode.self),
        "`required`: no connection without a client's certificate that holds; `optional`: one that is shown has to hold; `none`: nobody is asked. Left out: `required` with a `client_ca`, else `none`."
    )

    // Admin
    static let adminAddress = Option(
        "admin.address", .listenAddress, default: "127.0.0.1:9180",
        "Where to serve `/healthz`, `/readyz`, `/metrics` and `/status`. Everybody who reaches it may read them.")
    static let adminReusePort = Option(
        "admin.reuse_port", .flag, default: "false",
        "As a listener's `reuse_port`. While two instances run, either of them answers.")
    static let adminSocket = Option(
        "admin.socket", .path,
        "A Unix socket, for its owner alone, at which the running instance is asked and told what to do: `postern status`, `why`, `revoke`, `reload`, `drain`, `log-level`. Left out: `admin.sock` in `$RUNTIME_DIRECTORY`, where systemd gives one (also without this section), else there is none."
    )

    // Log
    static let logLevel = Option(
        "log.level", .choice(ofType: LogSettings.Level.self), default: "info", "How much is logged of events.")
    static let logFormat = Option(
        "log.format", .choice(ofType: LogSettings.Format.self), default: "json", "How log lines are spelled.")
    static let logAccess = Option(
        "log.access", .logTarget, default: "stdout", "Where a line for each request goes. Events go to stderr.")

    // Traces
    static let tracesFrom = Option(
        "traces.from", .choice(ofType: TraceSettings.Source.self), default: "anyone",
        "Whose `traceparent` is taken up: its id stands in the access log, and apps get it with `tracestate` as it came. With `trusted_proxies` that of others reaches no app."
    )
    static let tracesBegin = Option(
        "traces.begin", .flag, default: "false",
        "Requests to apps that belong to no trace begin one, marked as to be recorded. With `false` that is left to the app, which may record only some of them."
    )

    // Limits
    static let limitRequestLine = Option(
        "limits.request_line", .size(256...65536), default: "8KiB",
        "Bytes of a request line; over it the answer is 414.")
    static let limitFieldsSize = Option(
        "limits.fields_size", .size(1024...1_048_576), default: "32KiB",
        "Bytes of all header fields of a request; over it the answer is 431.")
    static let limitFieldsCount = Option(
        "limits.fields_count", .count(10...1000), default: "100",
        "Header fields of a request; over it the answer is 431.")
    static let limitBodySize = Option(
        "limits.body_size", .size(1024...16_777_216), default: "64KiB",
        "Bytes of the body of a request below the auth path; over it the answer is 413.")
    static let limitConnections = Option(
        "limits.connections", .count(1...1_000_000), default: "10000",
        "Client connections at a time, of all listeners and workers; three quarters of the process's file descriptors at most. One more takes the place of an idle one, or is closed."
    )
    static let limitConnectionsPerAddress = Option(
        "limits.connections_per_address", .count(1...1_000_000), default: "1000",
        "Connections at a time from one client address, or one IPv6 /64; one more is closed. `trusted_proxies` and Unix sockets are not counted, but the clients that PROXY headers name are."
    )
    static let limitRequestsPerConnection = Option(
        "limits.requests_per_connection", .count(1...1_000_000_000), default: "10000",
        "Requests on one connection before it is closed.")
    static let limitStreamsPerConnection = Option(
        "limits.streams_per_connection", .count(1...10_000), default: "100",
        "Requests that an HTTP/2 client may have under way at once on one connection.")
    static let limitHTTP2Resets = Option(
        "limits.http2_resets", .count(10...1_000_000), default: "200",
        "Streams that an HTTP/2 client may take back on one connection: so many at once, and a tenth of that a second.")
    static let limitHTTP2Refusals = Option(
        "limits.http2_refusals", .count(10...1_000_000), default: "100",
        "Requests of an HTTP/2 connection that may have to be refused, and streams that may have to be reset for what the client does: so many at once, and a tenth of that a second."
    )
    static let limitHTTP2IdleFrames = Option(
        "limits.http2_idle_frames", .count(100...1_000_000), default: "1000",
        "Frames of an HTTP/2 connection that bring no request further (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, GOAWAY, unknown types): so many at once, a tenth of that a second, 4 for each request, and one for each KiB that the client gets."
    )
    static let limitHTTP2Continuations = Option(
        "limits.http2_continuations", .count(1...1000), default: "8",
        "CONTINUATION frames of one head in HTTP/2.")
    static let limitTLSHandshakes = Option(
        "limits.tls_handshakes", .count(1...100_000), default: "1000",
        "TLS handshakes under way at a time, of one worker. One more ends the one that began first.")
    static let limitTLSHandshakeTimeout = Option(
        "limits.tls_handshake_timeout", .duration("10ms", "10m"), default: "10s", "A whole TLS handshake.")
    static let limitHeadTimeout = Option(
        "limits.head_timeout", .duration("10ms", "10m"), default: "10s",
        "From a request's first byte to the end of its head.")
    static let limitIdleTimeout = Option(
        "limits.idle_timeout", .duration("10ms", "1d"), default: "60s",
        "How long a connection stays open between requests.")
    static let limitReadTimeout = Option(
        "limits.read_timeout", .duration("10ms", "1h"), default: "10s", "How long a request's body may pause.")
    static let limitWriteTimeout = Option(
        "limits.write_timeout", .duration("10ms", "1h"), default: "30s",
        "How long a client may take nothing of its answer.")
    static let limitRequestTimeout = Option(
        "limits.request_timeout", .duration("10ms", "365d"), default: "1d",
        "A whole request, from the end of its head to the end of its answer. Then the connection is cut.")
    static let limitMinReadRate = Option(
        "limits.min_read_rate", .size(0...1_048_576), default: "512B",
        "Bytes a second that a request's body must bring on average, once `read_timeout` has passed; `0` for none.")
    static let limitMinWriteRate = Option(
        "limits.min_write_rate", .size(0...1_048_576), default: "512B",
        "Bytes a second that a client must take of its answer while there is more for it, on average over each `write_timeout`; `0` for none."
    )
    static let limitOriginConnections = Option(
        "limits.origin_connections", .count(1...100_000), default: "256",
        "Connections to one origin at a time, of one worker. More requests wait in line, for 10 s at most.")
    static let limitOriginQueue = Option(
        "limits.origin_queue", .size(1_048_576...17_179_869_184), default: "48MiB",
        "What requests that wait for a connection to one origin may hold, of one worker: 4 to 5 KiB each, and their fields. One more is a 503."
    )
    static let limitOriginConnectTimeout = Option(
        "limits.origin_connect_timeout", .duration("10ms", "10m"), default: "3s",
        "Connecting to an origin; and once more for the TLS handshake.")
    static let limitOriginFirstByteTimeout = Option(
        "limits.origin_first_byte_timeout", .duration("10ms", "1h"), default: "30s",
        "From a request to an origin to its answer's head.")
    static let limitOriginIdleTimeout = Option(
        "limits.origin_idle_timeout", .duration("10ms", "1h"), default: "30s",
        "How long an origin may pause within an answer.")
    static let limitOriginRetries = Option(
        "limits.origin_retries", .count(0...100), default: "20",
        "Of a hundred requests to an origin, how many may be sent again, of one worker, counted over 10 s.")
    static let limitOriginRetriesPerSecond = Option(
        "limits.origin_retries_per_second", .count(0...10_000), default: "10",
        "How many may be sent again besides, on average over 10 s. With `0` for both none is.")
    static let limitFileReaders = Option(
        "limits.file_readers", .count(1...1000), default: "8",
        "Threads of one worker that wait for the disk of one directory. More files wait in line, for `origin_idle_timeout` at most."
    )
    static let limitCompressions = Option(
        "limits.compressions", .count(0...100_000), default: "128",
        "Answers of one worker that are being compressed at a time, 160 KiB each. One more goes out as it is.")
    static let limitProviderTimeout = Option(
        "limits.provider_timeout", .duration("10ms", "10m"), default: "10s", "A whole request to a provider.")
    static let limitProviderResponseSize = Option(
        "limits.provider_response_size", .size(4096...16_777_216), default: "1MiB", "Bytes of a provider's answer.")
    static let limitLoginStateLifetime = Option(
        "limits.login_state_lifetime", .duration("1s", "1d"), default: "15m",
        "How long a sign-in may take, from the redirect to the callback.")
    static let limitDrainTimeout = Option(
        "limits.drain_timeout", .duration("0", "1h"), default: "30s",
        "How long running requests are waited for at the end.")
    static let limitDrainIdleTimeout = Option(
        "limits.drain_idle_timeout", .duration("0", "1h"), default: "2s",
        "How long, at the end, a connection on which nothing is asked is kept: a request that comes in that time is answered, with `Connection: close`. Longer than clients pause between requests, and none of them meets a closed connection."
    )
    static let limitDecisions = Option(
        "limits.decisions", .count(0...100_000), default: "1000",
        "How many answers that showed a reference each worker remembers for `postern why`: the latest, 1 KiB each.")
}

/// `client_certificates`' words.
enum ClientCertificateMode: String, Sendable, CaseIterable { case none, optional, required }

extension ValueKind where Value: RawRepresentable<String> & CaseIterable {
    /// `choice` with its type spelled out, where there is nothing to infer it from.
    static func choice(ofType type: Value.Type) -> ValueKind { .choice() }
}
