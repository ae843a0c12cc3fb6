import Settings
import TLS

/// TLS as the config describes it.
enum TLSContexts {
    static func server(_ settings: TLSSettings, continuing old: TLSServerContext? = nil) throws -> TLSServerContext {
        do {
            return try server(
                settings, settings.certificates.map { TLSCertificate(chainPEM: $0.chain.bytes, keyPEM: $0.key.bytes) },
                continuing: old)
        } catch {
            let files = settings.certificates.map(\.chain.source).joined(separator: ", ")
            throw StartFailure("\(files): \(error)")
        }
    }

    /// Those of all listeners that speak TLS, by name.
    ///
    /// - Parameter old: what they take the place of.
    static func servers(
        _ configuration: Configuration, continuing old: [String: TLSServerContext] = [:]
    ) throws -> [String: TLSServerContext] {
        var contexts: [String: TLSServerContext] = [:]
        for listener in configuration.listeners {
            contexts[listener.name] = try listener.tls.map { try server($0, continuing: old[listener.name]) }
        }
        return contexts
    }

    /// - Parameters:
    ///   - certificates: those of the settings as they are now.
    ///   - authorities: the clients' as they are now; nil for those of the settings.
    ///   - old: what they take the place of; its clients resume their sessions.
    static func server(
        _ settings: TLSSettings, _ certificates: [TLSCertificate], authorities: [UInt8]? = nil,
        continuing old: TLSServerContext? = nil
    ) throws(TLSError) -> TLSServerContext {
        try TLSServerContext(
            certificates: certificates, alpn: ["h2", "http/1.1"], stapling: settings.stapling,
            clients: settings.clients.map {
                TLSClientAuthentication(authoritiesPEM: authorities ?? $0.authorities.bytes, isRequired: $0.isRequired)
            }, continuing: old)
    }

    static func client(_ authorities: FileContent?) throws -> TLSClientContext {
        do {
            return try TLSClientContext(caPEM: authorities?.bytes)
        } catch {
            throw StartFailure("\(authorities?.source ?? "the system's authorities"): \(error)")
        }
    }
}

/// Whom outbound connections trust: read once for all that trust the same.
struct Authorities {
    private var known: [FileContent?: TLSClientContext] = [:]

    /// - Parameter besides: trusted besides the system's.
    mutating func context(_ besides: FileContent?) throws -> TLSClientContext {
        if let context = known[besides] { return context }
        let context = try TLSContexts.client(besides)
        known[besides] = context
        return context
    }

    /// Nil where the origin is not asked over TLS.
    mutating func context(of origin: OriginSettings) throws -> TLSClientContext? {
        switch origin.kind {
        case .directory: nil
        case .http(let app): app.url.isSecure ? try context(app.authorities) : nil
        case .s3(let s3): s3.endpoints.contains(where: \.isSecure) ? try context(nil) : nil
        }
    }
}
