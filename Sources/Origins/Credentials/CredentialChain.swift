import HTTP
import Posix
import Reactor
import Transport

/// Loads credentials from where there are some. What there is of a source is looked at anew each time: variables are the
/// process's own and stay, but files change.
///
/// It lives on one loop, and reads files there: they are small, and on this machine.
package struct CredentialChain: Sendable {
    package let search: CredentialSearch
    let environment: [String: String]
    let client: LoopBound<HTTPClient>

    /// - Parameters:
    ///   - environment: the process's variables.
    ///   - client: follows no redirects, and so nobody is led elsewhere.
    package init(_ search: CredentialSearch, environment: [String: String], client: LoopBound<HTTPClient>) {
        self.search = search
        self.environment = environment
        self.client = client
    }

    /// The credentials of the first source that is configured, and which one that is. Where that source fails no other
    /// is asked: it would be another identity's.
    package func load() async throws(CredentialError) -> (Credentials, CredentialSource) {
        for source in search.source.map({ [$0] }) ?? CredentialSource.allCases {
            do throws(CredentialError) {
                if let credentials = try await load(from: source) { return (credentials, source) }
            } catch {
                throw CredentialError("\(source.rawValue): \(error.reason)")
            }
        }
        throw CredentialError(search.source.map { "\($0.rawValue): nothing of it is set" } ?? "no source has any")
    }

    /// The environment's, where they are what is looked for: nobody has to be asked for them.
    package var immediate: Credentials? {
        search.source == nil || search.source == .environment ? try? environmentCredentials() : nil
    }

    /// Nil where nothing of the source is configured.
    private func load(from source: CredentialSource) async throws(CredentialError) -> Credentials? {
        switch source {
        case .environment: try environmentCredentials()
        case .profile: try await profileCredentials()
        case .webIdentity: try await webIdentityCredentials()
        case .container: try await containerCredentials()
        case .instance: try await instanceCredentials()
        }
    }

    func environmentCredentials() throws(CredentialError) -> Credentials? {
        guard let accessKeyID = variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secretAccessKey = variable("AWS_SECRET_ACCESS_KEY") else {
            throw CredentialError("AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY")
        }
        guard
            let credentials = Credentials(
                checking: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: variable("AWS_SESSION_TOKEN"))
        else { throw CredentialError("the variables hold what cannot be signed with") }
        return credentials
    }

    // MARK: Parts that sources share

    /// Nil where it is not set, or empty.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The path that a variable or a profile gives, with `~` for the home directory.
    func path(_ text: String) -> String {
        guard text.hasPrefix("~/"), let home = variable("HOME") else { return text }
        return home + text.dropFirst()
    }

    static let longestToken = 65536

    /// A token that stands in a file alone.
    func token(at path: String) throws(CredentialError) -> String {
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try File.read(path: self.path(path), limit: Self.longestToken) } catch {
            throw CredentialError("the token's file \(path): \(error.reason)")
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        var text = bytes.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text = text.dropLast() }
        guard !text.isEmpty, text.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw CredentialError("the token's file \(path) holds no token")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The body of an answer with status 200.
    func ask(
        _ method: HTTP.Method, _ url: ServiceURL, _ fields: Fields = Fields(), body: [UInt8] = [], seconds: Int64 = 10
    ) async throws(CredentialError) -> [UInt8] {
        let request = ClientRequest(
            method: method, target: Array(url.target.utf8), host: url.authority, fields: fields, body: body)
        let response: FetchedResponse
        do throws(ClientError) {
            response = try await client.value.fetch(
                request, to: url.endpoint, maxBody: CredentialDocument.maximumLength, timeout: .seconds(seconds))
        } catch {
            throw CredentialError("\(url.endpoint): \(error)")
        }
        guard response.status == 200 else {
            let code = S3ErrorDocument.code(in: response.body).map { " (\($0))" } ?? ""
            throw CredentialError("\(url.endpoint) answered \(response.status)\(code)")
        }
        return response.body
    }

    /// Unix seconds.
    var now: Int64 { client.value.loop.wallSeconds }
}

/// The address of a service that gives credentials.
struct ServiceURL: Equatable {
    let endpoint: Endpoint
    /// The value of `Host`.
    let authority: String
    /// Path and query, as they were written.
    let target: String

    /// nil for anything but `http(s)://host[:port][/path][?query]` in visible ASCII.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x23 }),
            let scheme = ["https://", "http://"].first(where: text.hasPrefix)
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let url = EndpointURL(scheme + rest[..<end]) else { return nil }
        endpoint = Endpoint(host: url.host, port: url.port, isSecure: url.isSecure)
        authority = url.authority
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }

    /// The same service, another target below the same path.
    func appending(_ path: String) -> ServiceURL {
        ServiceURL(self, target: (target.hasSuffix("/") ? String(target.dropLast()) : target) + path)
    }

    private init(_ other: ServiceURL, target: String) {
        endpoint = other.endpoint
        authority = other.authority
        self.target = target
    }
}
