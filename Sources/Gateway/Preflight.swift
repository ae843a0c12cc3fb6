import Cryptography
import Origins
import Posix
import Sessions
import Settings

/// What only the modules that use a setting can tell of it: whether OpenSSL takes a certificate and its key,
/// whether a bucket's address can be built. Nothing is opened, and nothing touches the network.
package enum Preflight {
    /// - Parameter passed: the sockets that this process was given to serve; nil where it is not to serve.
    package static func faults(_ configuration: Configuration, passed: PassedSockets? = nil) -> [Fault] {
        var found = passed.map { ListeningSockets.faults(configuration, passed: $0) } ?? []
        func check(_ key: String, _ body: () throws -> Void) {
            do { try body() } catch {
                found.append(
                    Fault(
                        .error, file: configuration.file, line: nil, key: key, message: "\(error)",
                        remedy: "Serving would fail with it"))
            }
        }
        for listener in configuration.listeners {
            check("listeners.\(listener.name).tls") {
                if let tls = listener.tls { _ = try TLSContexts.server(tls) }
            }
        }
        for provider in configuration.providers {
            check("providers.\(provider.name).client_key") { _ = try provider.clientKey() }
            check("providers.\(provider.name).ca_file") { _ = try TLSContexts.client(provider.authorities) }
        }
        for origin in configuration.origins {
            check("origins.\(origin.name).s3") {
                guard case .s3(let s3) = origin.kind else { return }
                _ = try OriginFactory.configurations(s3)
                if let keys = s3.credentials.keys { _ = try Credentials.of(keys) }
            }
            check("origins.\(origin.name).ca_file") {
                if case .http(let app) = origin.kind { _ = try TLSContexts.client(app.authorities) }
            }
        }
        if !configuration.sessionKeys.isEmpty {
            check("session_keys") { _ = try KeyRing(configuration.sessionKeys.map { SecretBytes($0.bytes) }) }
        }
        return found
    }
}
