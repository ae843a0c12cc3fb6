import Settings
import TLS

/// TLS as the config describes it.
enum TLSContexts {
    static func server(_ settings: TLSSettings) throws -> TLSServerContext {
        do {
            return try TLSServerContext(
                certificates: settings.certificates.map {
                    TLSCertificate(chainPEM: $0.chain.bytes, keyPEM: $0.key.bytes)
                },
                alpn: ["h2", "http/1.1"])
        } catch {
            let files = settings.certificates.map(\.chain.source).joined(separator: ", ")
            throw StartFailure("\(files): \(error)")
        }
    }

    static func client(_ authorities: FileContent?) throws -> TLSClientContext {
        do {
            return try TLSClientContext(caPEM: authorities?.bytes)
        } catch {
            throw StartFailure("\(authorities?.source ?? "the system's authorities"): \(error)")
        }
    }
}
