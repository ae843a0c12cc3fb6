import Settings
import TLS

/// TLS as the config describes it.
enum TLSContexts {
    static func server(_ settings: TLSSettings) throws -> TLSServerContext {
        do {
            return try server(
                settings, settings.certificates.map { TLSCertificate(chainPEM: $0.chain.bytes, keyPEM: $0.key.bytes) })
        } catch {
            let files = settings.certificates.map(\.chain.source).joined(separator: ", ")
            throw StartFailure("\(files): \(error)")
        }
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
