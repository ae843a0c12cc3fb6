import Bytes
import Cryptography
import HTTP
import Settings
import Tokens
import Transport

/// What can be known of a provider without anybody signing in.
extension Provider {
    /// - Parameter redirectURIs: those that sites use with it.
    func examine(redirectURIs: [String]) async -> [Checkup.Finding] {
        var part = PartFindings("providers.\(settings.name)")
        let metadata: ProviderMetadata
        do {
            let found = try await fetchMetadata()
            metadata = found.value
            part.ok(.discovery, "\(settings.metadataIssuer) says where everything is")
            if let seconds = found.response.clockDifference(now: loop.value.wallSeconds) {
                part.clock(seconds, tolerance: settings.tokenPolicy.clockSkew, whatFails: "its tokens are refused")
            }
        } catch {
            part.failed(.discovery, "\(error)", error.remedy)
            return part.findings
        }
        do {
            let keys = try await fetchKeys(metadata).value
            let count = keys.keys.count
            part.ok(.keys, "\(count) of \(count + keys.skipped.count) in \(metadata.keySetURL.text) can be used")
        } catch {
            part.failed(
                .keys, "\(error)",
                "See that the provider publishes keys for signing_algorithms, or name what it signs with there")
        }
        // What follows asks by what `serve` would know.
        _ = await snapshotAfterUnknownKey(.signIn)
        guard !redirectURIs.isEmpty else { return part.findings }
        let callbacks = redirectURIs.map { uri in task { await $0.examine(redirectURI: uri, metadata) } }
        for callback in callbacks {
            let found = await callback.value
            part.add(found.result, .callback, found.message, found.remedy)
        }
        await examineClient(redirectURIs[0], &part)
        return part.findings
    }

    // MARK: Callbacks

    private struct Verdict {
        let result: Checkup.Finding.Result
        let message: String
        let remedy: String
    }

    /// Pages that a provider may lead through before it says something.
    private static let mostSteps = 5

    /// Whether a redirect URI is registered: a request that asks for no dialogue (`prompt=none`, OpenID Connect Core
    /// 3.1.2.1) comes back there with an error, and one whose redirect URI is not known must not (RFC 6749 4.1.2.1).
    private func examine(redirectURI: String, _ metadata: ProviderMetadata) async -> Verdict {
        let register =
            "Register \(redirectURI) as a redirect URI of the client \(settings.clientID) at the provider"
        func verdict(_ result: Checkup.Finding.Result, _ words: String, _ remedy: String = "") -> Verdict {
            Verdict(result: result, message: "\(redirectURI): \(words)", remedy: remedy)
        }
        let request = AuthorizationRequest(
            endpoint: metadata.authorizationEndpoint, clientID: settings.clientID, redirectURI: redirectURI,
            scopes: settings.requestedScopes, state: Base64URL.encode(SecureRandom.bytes(16)),
            nonce: Base64URL.encode(SecureRandom.bytes(16)),
            codeChallenge: PKCE.challenge(PKCE.verifier(SecureRandom.bytes(32))),
            parameters: settings.requestParameters.filter { $0.name != "prompt" }.map { ($0.name, $0.value) }
                + [("prompt", "none")])
        let start = settings.pushesAuthorization(metadata) ? await authorizationURL(for: request) : request.url
        guard let start else {
            return verdict(
                .failed, "the provider does not take the pushed request",
                register + ", and see that the client may push requests")
        }
        guard var url = ProviderURL(start) else {
            return verdict(.warning, "the request is too long to be tried", "Sign in to see whether it works")
        }
        for step in 0..<Self.mostSteps {
            let response: FetchedResponse
            do { response = try await send([.accept: "text/html"], to: url) } catch {
                return verdict(.failed, "\(error)", error.remedy)
            }
            guard (300..<400).contains(response.status), let location = response.fields[.location] else {
                return switch response.status {
                case 200..<300 where step > 0: verdict(.ok, "the provider goes on to sign people in")
                case 200..<300:
                    verdict(
                        .warning, "the provider shows a page where it should answer at once",
                        "If a sign-in ends on a page of the provider's: " + register)
                case 400..<500: verdict(.failed, "the provider refuses the request (\(response.status))", register)
                default:
                    verdict(
                        .failed, "\(metadata.authorizationEndpoint.text) answered \(response.status)", "Try again later"
                    )
                }
            }
            if let answer = Self.answer(in: location, to: redirectURI) {
                return switch answer {
                case nil, "login_required", "interaction_required", "consent_required", "account_selection_required":
                    verdict(.ok, "it is registered")
                case "temporarily_unavailable"?, "server_error"?:
                    verdict(.warning, "it is registered, and the provider answers \(answer ?? "")", "Try again later")
                case let code?:
                    verdict(
                        .failed, "it is registered, and the provider refuses the request: \(code.prefix(64))",
                        code == "invalid_scope"
                            ? "Write scopes that the client may ask for"
                            : "See that the client \(settings.clientID) may use the authorization code flow")
                }
            }
            if let (_, query) = Self.parts(location), query?.first("error") != nil {
                return verdict(.failed, "the provider leads to a page that tells of an error", register)
            }
            guard let next = Self.next(location, from: url) else {
                return verdict(.ok, "the provider goes on to sign people in")
            }
            url = next
        }
        return verdict(.ok, "the provider goes on to sign people in")
    }

    /// The error that comes back with a redirect to the redirect URI; nil for one that leads elsewhere.
    private static func answer(in location: String, to redirectURI: String) -> String?? {
        guard let (address, query) = parts(location), address == redirectURI else { return nil }
        return .some(query?.first("error"))
    }

    private static func parts(_ location: String) -> (address: String, query: QueryParameters?)? {
        let parts = location.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "?" || $0 == "#" }
        guard let address = parts.first else { return nil }
        return (String(address), parts.count == 2 ? QueryParameters(String(parts[1])) : nil)
    }

    /// Where a provider leads on its own host; nil for any other.
    private static func next(_ location: String, from url: ProviderURL) -> ProviderURL? {
        if location.hasPrefix("/"), !location.hasPrefix("//") { return ProviderURL(url.origin + location) }
        guard let next = ProviderURL(location), next.origin == url.origin else { return nil }
        return next
    }

    // MARK: The client

    /// Whether the client proves itself, by a code that nobody has issued: the provider refuses the code alone.
    private func examineClient(_ redirectURI: String, _ part: inout PartFindings) async {
        let isPublic = if case .none = settings.clientAuth { true } else { false }
        let remedy =
            isPublic
            ? "See that client_id is right, and that it is a public client; else add its client_secret"
            : "See that client_id, its secret or key, and client_auth are as the provider has them"
        do {
            _ = try await exchange(
                code: "postern-doctor-" + Base64URL.encode(SecureRandom.bytes(16)),
                codeVerifier: PKCE.verifier(SecureRandom.bytes(32)), redirectURI: redirectURI)
            part.failed(.client, "the provider gave tokens for a code that it never issued", "Use another provider")
        } catch let error as TokenResponseError {
            switch error {
            case .refused(let refusal) where refusal.blamesClient:
                let words = refusal.description.map { ": " + $0 } ?? ""
                part.failed(
                    .client,
                    "the provider does not accept the client (\(refusal.code ?? "\(refusal.status)")\(words))", remedy)
            // Some have a word of their own for it.
            case .refused(let refusal) where ["invalid_grant", "invalid_code"].contains(refusal.code):
                part.ok(.client, "the provider knows the client \(settings.clientID), and refuses a made-up code alone")
            case .refused(let refusal):
                part.warning(
                    .client, "the provider answers a made-up code with \(refusal.code ?? "\(refusal.status)")",
                    "Sign in to see whether it works; if it does not: " + remedy)
            case .unavailable(let status):
                part.failed(.client, "the token endpoint answered \(status)", "Try again later")
            case .malformed(let what):
                part.failed(.client, "the token endpoint's answer does not hold (\(what))", "See what answers there")
            }
        } catch let error as ProviderError {
            part.failed(.client, "\(error)", error.remedy)
        } catch {
            part.failed(.client, "\(error)", remedy)
        }
    }
}

extension ProviderError {
    fileprivate var remedy: String {
        switch self {
        case .unreachable(.tls, _): "See that the certificate is for this host, or name its authority in ca_file"
        case .unreachable(.unresolved, _): "See that the host is spelt right, and that this machine can look it up"
        case .unreachable: "See that this machine can reach it"
        case .status(404, _): "See that issuer is right: its metadata is below it"
        case .malformed: "Write issuer exactly as the provider's metadata has it"
        case .status, .notDiscovered, .noUserInfo: "See what the provider's log says"
        }
    }
}

extension FetchedResponse {
    /// By how many seconds the sender's clock is ahead, by its `Date`; nil where that does not tell, as for an answer
    /// out of a cache.
    func clockDifference(now: Int64) -> Int64? {
        guard fields[FieldName("age")] == nil, let date = fields[.date].flatMap(HTTPDate.parse) else { return nil }
        return date - now
    }
}

extension Configuration {
    /// Where a provider sends people back to, for every host of every site that uses it.
    func redirectURIs(of provider: ProviderSettings) -> [String] {
        var found: [String] = []
        for (index, settings) in sites.enumerated() where settings.providers.contains(provider.name) {
            let path = Site(settings, index: index).callbackPath(provider)
            let bases = settings.publicURL.map { [$0.origin] } ?? settings.hosts.map { base(of: $0) }
            for base in bases where !found.contains(base + path) { found.append(base + path) }
        }
        return found
    }

    /// Over HTTPS, but for a loopback host that no TLS listener serves.
    private func base(of host: SiteHost) -> String {
        let isSecure =
            !host.isLoopback
            || listeners.contains { listener in
                guard listener.tls != nil, case .ip(_, let port) = listener.address else { return false }
                return port == host.port ?? 443
            }
        return (isSecure ? "https://" : "http://") + host.description
    }
}
