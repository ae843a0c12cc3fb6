import HTTP
import Logging
import Posix
import Reactor
import Settings
import TLS
import Transport

/// Keeps one certificate's OCSP response fresh: fetches it from the responder that the certificate names, and again
/// at the middle of its time, so that half of it is left for tries that fail. Meanwhile the last good one serves on.
///
/// It lives on the control loop. Nobody waits for it but a renewed certificate, once and shortly.
actor StatusKeeper: LoopActor {
    /// For one fetch.
    static let timeout = Nanoseconds.seconds(10)
    /// A fetch that fails is tried again after 1, 2, 4 … seconds, up to this many.
    static let longestRetry: Int64 = 3600
    /// Between two fetches that succeed, in seconds.
    static let intervals: ClosedRange<Int64> = 1...86_400

    nonisolated let executor: LoopExecutor
    nonisolated let staple: OCSPStaple

    private let certificate: TLSCertificateSummary
    private let listener: String
    private let loop: LoopBound<EventLoop>
    private let client: LoopBound<HTTPClient>
    private let events: Logger
    private let count: @Sendable (_ succeeded: Bool) -> Void
    private var failures = 0
    private var isOver = false

    /// - Parameter count: hears how each fetch ended.
    init(
        _ staple: OCSPStaple, of certificate: TLSCertificateSummary, listener: String, loop: LoopBound<EventLoop>,
        client: LoopBound<HTTPClient>, events: Logger, count: @escaping @Sendable (_ succeeded: Bool) -> Void
    ) {
        self.staple = staple
        self.certificate = certificate
        self.listener = listener
        self.loop = loop
        self.client = client
        self.events = events
        self.count = count
        executor = loop.executor
    }

    /// Fetches now, and from then on until `stop`.
    ///
    /// - Parameter tried: called after the first try, however it ended.
    func run(_ tried: @escaping @Sendable () -> Void) async {
        var pause = await refresh()
        tried()
        while !isOver {
            await sleep(pause)
            if !isOver { pause = await refresh() }
        }
    }

    func stop() { isOver = true }

    /// Returns the seconds to the next try.
    private func refresh() async -> Int64 {
        let had = staple.validity(now: loop.value.wallSeconds)
        do {
            let bytes = try await fetch()
            let now = loop.value.wallSeconds
            let validity = try staple.accept(bytes, now: now)
            failures = 0
            count(true)
            if had == nil {
                events.info(
                    "an OCSP response is stapled",
                    metadata: metadata(["valid_for_minutes": "\((validity.until - now) / 60)"]))
            }
            let middle = validity.from + (validity.until - validity.from) / 2
            // A response that was old when it came is fetched again in the middle of what is left.
            let pause = middle > now ? middle - now : (validity.until - now) / 2
            return min(max(pause, Self.intervals.lowerBound), Self.intervals.upperBound)
        } catch {
            count(false)
            report(error)
            failures += 1
            return min(1 << min(failures - 1, 12), Self.longestRetry)
        }
    }

    private func fetch() async throws -> [UInt8] {
        guard let url = HTTPURL(staple.responder) else { throw StatusError.noURL(staple.responder) }
        let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        let request = ClientRequest(
            method: .post, target: url.path.isEmpty ? "/" : url.path, host: url.authority,
            fields: [.contentType: "application/ocsp-request", .accept: "application/ocsp-response"],
            body: staple.request)
        let response = try await client.value.fetch(
            request, to: Endpoint(host: host, port: Int(url.port), isSecure: url.isSecure),
            maxBody: OCSPStaple.largest, timeout: Self.timeout)
        guard response.status == 200 else { throw StatusError.status(response.status) }
        return response.body
    }

    private func report(_ error: any Error) {
        let isRevoked = error as? OCSPStaple.Refusal == .revoked
        let isBare = staple.validity(now: loop.value.wallSeconds) == nil
        let message: Logger.Message =
            if isRevoked {
                "the certificate is revoked"
            } else if !isBare {
                "no new OCSP response; the last one is stapled until it expires"
            } else if certificate.mustStaple {
                "no OCSP response, and clients refuse the certificate without one (must-staple)"
            } else {
                "no OCSP response to staple"
            }
        events.log(
            level: isRevoked || isBare && certificate.mustStaple ? .error : .warning, message,
            metadata: metadata(["reason": "\(error)", "responder": "\(staple.responder)"]))
    }

    private func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging([
            "listener": "\(listener)", "certificate": "\(certificate.names.first ?? "without a name")",
        ]) { first, _ in first }
    }

    private func sleep(_ seconds: Int64) async {
        let loop = loop.value
        await withCheckedContinuation { continuation in
            loop.schedule(after: Nanoseconds.seconds(seconds)) { continuation.resume() }
        }
    }
}

/// Why there was no response to look at.
private enum StatusError: Error, CustomStringConvertible {
    case noURL(String)
    case status(Int)

    var description: String {
        switch self {
        case .noURL(let text): "the certificate names no http or https URL (\(text))"
        case .status(let status): "the responder answered \(status)"
        }
    }
}
