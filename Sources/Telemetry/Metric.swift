/// Every metric that Postern has, each declared once: from this table come the counters' layout, the
/// text for Prometheus, and the reference page.
package enum Metric: Int, Sendable, CaseIterable {
    // Requests
    case requests
    case responses
    case responseBytes
    case requestDuration
    case stageDuration
    // Connections
    case connectionsAccepted
    case connectionsOpen
    case connectionsClosed
    case limitsReached
    case acceptPauses
    case tlsHandshakes
    case tlsHandshakesOpen
    case tlsResumptions
    case tlsVersions
    case tlsCiphers
    case ocspResponses
    case ocspMissing
    // Sign-in and tokens
    case signIns
    case tokenChecks
    case sessionLookups
    case sessionsKnown
    case keySetFetches
    case keySetAge
    case providerRequests
    case providerDuration
    case sessionRenewals
    case revocations
    case revocationOverflows
    case revocationsKept
    // Origins
    case originRequests
    case originFirstByte
    case originConnectionsOpen
    case originConnectionsReused
    case originRecoveries
    case credentialLoads
    case credentialsValid
    case credentialsExpire
    // The process
    case loopLag
    case logLinesDropped
    case reloads
    case configTime
    case ready
    case workers
    case startTime

    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package struct Declaration: Sendable {
        /// With its `postern_` and its unit's suffix.
        package let name: String
        package let kind: Kind
        package let help: String
        package let labels: [MetricLabel]
    }

    package var declaration: Declaration {
        switch self {
        case .requests:
            .init("requests_total", .counter, "Requests by site and by how they ended.", .site, .outcome)
        case .responses:
            .init("responses_total", .counter, "Responses by site and by the class of their status.", .site, .class)
        case .responseBytes:
            .init("response_body_bytes_total", .counter, "Body bytes sent to clients.", .site)
        case .requestDuration:
            .init("request_duration_seconds", .histogram, "From a request's head to its answer's last byte.", .site)
        case .stageDuration:
            .init(
                "stage_duration_seconds", .histogram,
                "How long requests were at each stage on their way to the answer's head, waiting included.", .stage)
        case .connectionsAccepted:
            .init("connections_accepted_total", .counter, "Client connections accepted.", .listener)
        case .connectionsOpen:
            .init("connections_open", .gauge, "Client connections open now.", .listener)
        case .connectionsClosed:
            .init("connections_closed_total", .counter, "Client connections closed, by why.", .listener, .closeReason)
        case .limitsReached:
            .init(
                "limits_reached_total", .counter,
                "How often a limit took effect, whether on a connection or on one request of it.", .listener, .limit)
        case .acceptPauses:
            .init(
                "accept_pauses_total", .counter, "How often accepting paused for want of descriptors or memory.",
                .listener)
        case .tlsHandshakes:
            .init("tls_handshakes_total", .counter, "TLS handshakes with clients.", .listener, .result)
        case .tlsHandshakesOpen:
            .init("tls_handshakes_open", .gauge, "TLS handshakes with clients that are under way now.", .listener)
        case .tlsResumptions:
            .init(
                "tls_resumptions_total", .counter, "TLS handshakes that went on with an earlier session.", .listener)
        case .tlsVersions:
            .init("tls_versions_total", .counter, "TLS handshakes by the version agreed on.", .listener, .tlsVersion)
        case .tlsCiphers:
            .init(
                "tls_cipher_suites_total", .counter, "TLS handshakes by the cipher suite agreed on.", .listener,
                .cipher)
        case .ocspResponses:
            .init("ocsp_responses_total", .counter, "OCSP responses fetched for certificates.", .listener, .result)
        case .ocspMissing:
            .init(
                "ocsp_missing", .gauge, "Certificates that name an OCSP responder, without a valid response of it now.",
                .listener)
        case .signIns:
            .init(
                "sign_ins_total", .counter, "Sign-ins: started, ended in a session, denied by the provider, failed.",
                .provider, .signInStep
            )
        case .tokenChecks:
            .init(
                "token_checks_total", .counter,
                "ID and bearer tokens whose signature and claims were checked, by what came of it.", .provider,
                .tokenCheck)
        case .sessionLookups:
            .init(
                "session_cache_lookups_total", .counter,
                "Look-ups of cookies and bearer tokens among those that a worker has verified.", .lookup)
        case .sessionsKnown:
            .init("session_cache_entries", .gauge, "Sessions and bearer tokens that workers remember as verified.")
        case .keySetFetches:
            .init("key_set_fetches_total", .counter, "Fetches of a provider's metadata and keys.", .provider, .result)
        case .keySetAge:
            .init(
                "key_set_age_seconds", .gauge,
                "Seconds since a provider's keys were last fetched; since the start while they never were.", .provider)
        case .providerRequests:
            .init(
                "provider_requests_total", .counter, "Requests to a provider; failed without an answer, or with a 5xx.",
                .provider, .result)
        case .providerDuration:
            .init(
                "provider_request_duration_seconds", .histogram,
                "From a request to a provider to the end of its answer.", .provider)
        case .sessionRenewals:
            .init(
                "session_renewals_total", .counter, "Renewals of sessions by their refresh tokens, by what came of it.",
                .provider, .renewal)
        case .revocations:
            .init(
                "revocations", .gauge,
                "What is remembered of what was ended before its time, used callbacks and logout tokens included.")
        case .revocationOverflows:
            .init(
                "revocation_overflows_total", .counter,
                "Times that room had to be made by ending everything as old as the oldest that was remembered.")
        case .revocationsKept:
            .init("revocations_kept", .gauge, "1 while revocations are kept on disk, and so outlive a restart, else 0.")
        case .originRequests:
            .init("origin_requests_total", .counter, "Requests to an origin, by its answer.", .origin, .originResult)
        case .originFirstByte:
            .init("origin_first_byte_seconds", .histogram, "From a request to an origin to its answer's head.", .origin)
        case .originConnectionsOpen:
            .init("origin_connections_open", .gauge, "Connections to an origin open now.", .origin)
        case .originConnectionsReused:
            .init("origin_connections_reused_total", .counter, "Requests that found an open connection.", .origin)
        case .originRecoveries:
            .init(
                "origin_recoveries_total", .counter, "What the faults of an origin were met with.", .origin,
                .originRecovery)
        case .credentialLoads:
            .init(
                "credential_loads_total", .counter,
                "How often the credentials of an origin that looks for them were loaded.", .origin, .result)
        case .credentialsValid:
            .init(
                "credentials_valid", .gauge,
                "1 while an origin that looks for its credentials has some that hold, else 0.", .origin)
        case .credentialsExpire:
            .init(
                "credentials_expire_timestamp_seconds", .gauge,
                "When an origin's credentials end, in seconds since 1970; 0 where they do not.", .origin)
        case .loopLag:
            .init(
                "event_loop_lag_seconds", .histogram,
                "How long turns of the event loops took: so long has waited what came meanwhile.", .loop)
        case .logLinesDropped:
            .init("log_lines_dropped_total", .counter, "Log lines that a slow or full receiver did not take.", .log)
        case .reloads:
            .init("reloads_total", .counter, "Reloads of the config: taken up, or refused.", .result)
        case .configTime:
            .init(
                "config_loaded_time_seconds", .gauge, "When the config in use was taken up, in seconds since 1970.")
        case .ready:
            .init("ready", .gauge, "1 when everything is loaded that requests need, else 0.")
        case .workers:
            .init("workers", .gauge, "Event-loop threads.")
        case .startTime:
            .init("start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
        }
    }
}

extension Metric.Declaration {
    fileprivate init(_ name: String, _ kind: Metric.Kind, _ help: String, _ labels: MetricLabel...) {
        self.init(name: "postern_" + name, kind: kind, help: help, labels: labels)
    }
}

/// The labels that metrics have, and the closed list of each one's values. The names of sites,
/// listeners, providers and origins come from the config; `""` stands for none of them.
package enum MetricLabel: String, Sendable, CaseIterable {
    case site, listener, provider, origin
    case outcome, result
    case `class`
    case closeReason = "reason"
    case limit
    case stage
    case tlsVersion = "version"
    case cipher
    case signInStep = "step"
    case tokenCheck = "check"
    case lookup
    case originResult = "answer"
    case originRecovery = "recovery"
    case renewal = "renewal"
    case loop
    case log

    package func values(in names: MetricNames) -> [String] {
        switch self {
        case .site: names.sites
        case .listener: names.listeners
        case .provider: names.providers
        case .origin: names.origins
        case .outcome: Outcome.allCases.map(\.rawValue)
        case .result: MetricResult.allCases.map(\.rawValue)
        case .class: StatusClass.allCases.map(\.rawValue)
        case .closeReason: CloseReason.allCases.map(\.rawValue)
        case .limit: CloseReason.limits.map(\.rawValue)
        case .stage: RequestStage.allCases.map(\.rawValue)
        case .tlsVersion: TLSVersionUsed.allCases.map(\.rawValue)
        case .cipher: CipherSuite.allCases.map(\.rawValue)
        case .signInStep: SignInStep.allCases.map(\.rawValue)
        case .tokenCheck: TokenCheck.allCases.map(\.rawValue)
        case .lookup: CacheLookup.allCases.map(\.rawValue)
        case .originResult: OriginAnswer.allCases.map(\.rawValue)
        case .originRecovery: OriginRecovery.allCases.map(\.rawValue)
        case .renewal: RenewalOutcome.allCases.map(\.rawValue)
        case .loop: LoopKind.allCases.map(\.rawValue)
        case .log: LogKind.allCases.map(\.rawValue)
        }
    }
}

/// The names from the config that label values are; each list begins with `""`, for none.
package struct MetricNames: Sendable, Equatable {
    package let sites: [String]
    package let listeners: [String]
    package let providers: [String]
    package let origins: [String]
    /// How many of each are in the config; the others were.
    let currentCounts: [MetricLabel: Int]

    /// Names of each kind that have gone from the config and are remembered, the latest.
    static let mostGone = 200

    /// - Parameter old: those of the config before. A name that has gone stays behind the others, with what was counted
    ///   under it: counters that vanish, or begin anew when it comes back, would be taken for a restart.
    package init(
        sites: [String] = [], listeners: [String] = [], providers: [String] = [], origins: [String] = [],
        continuing old: MetricNames? = nil
    ) {
        func names(_ current: [String], _ before: [String]?) -> [String] {
            let known = Set(current)
            let gone = before?.dropFirst().filter { !known.contains($0) } ?? []
            return [""] + current + gone.prefix(Self.mostGone)
        }
        self.sites = names(sites, old?.sites)
        self.listeners = names(listeners, old?.listeners)
        self.providers = names(providers, old?.providers)
        self.origins = names(origins, old?.origins)
        currentCounts = [
            .site: sites.count, .listener: listeners.count, .provider: providers.count, .origin: origins.count,
        ]
    }

    /// Whether that value of the label has gone from the config.
    func isGone(_ value: String, of label: MetricLabel) -> Bool {
        guard let count = currentCounts[label] else { return false }
        return label.values(in: self).dropFirst(count + 1).contains(value)
    }
}
