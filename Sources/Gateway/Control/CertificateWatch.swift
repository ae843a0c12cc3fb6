import Logging
import Posix
import Reactor
import Settings
import TLS

/// Looks every few seconds whether the files of the listeners' certificates have changed, and brings a pair that holds
/// into use for the connections that come from then on. One that does not hold is refused with a line in the log, and
/// the old one stays.
///
/// Lives on the control loop. What it reads are small files, now and then.
final class CertificateWatch {
    /// Between two looks. A pair is read when two looks in a row have found the same, so that the certificate is not
    /// taken without its key while both are being written.
    static let interval = Nanoseconds.seconds(2)

    /// What tells a file from its successor.
    struct Mark: Equatable {
        let inode: UInt64, size: Int, modified: Int64, nanoseconds: Int64

        init?(_ path: String) {
            guard let status = try? FileStatus.of(path: path) else { return nil }
            (inode, size) = (status.inode, status.size)
            (modified, nanoseconds) = (status.modified, status.modifiedNanoseconds)
        }
    }

    private final class Watched {
        let listener: String
        let settings: TLSSettings
        var context: TLSServerContext
        /// Of the files as they were last read, and at the last look.
        var read: [Mark?]
        var seen: [Mark?]

        init(_ listener: String, _ settings: TLSSettings, _ context: TLSServerContext) {
            self.listener = listener
            self.settings = settings
            self.context = context
            read = Self.marks(settings)
            seen = read
        }

        static func marks(_ settings: TLSSettings) -> [Mark?] {
            (settings.certificates.flatMap { [$0.chainFile, $0.keyFile] } + [settings.clients?.file])
                .map { $0.flatMap { Mark($0) } }
        }
    }

    private let loop: EventLoop
    private let events: Logger
    private let watched: [Watched]
    private var isOver = false
    private let publish: (_ listener: String, _ context: TLSServerContext) -> Void

    /// - Parameters:
    ///   - contexts: what the listeners have now, by name.
    ///   - publish: brings a new one to the workers.
    init(
        _ listeners: [ListenerSettings], contexts: [String: TLSServerContext], loop: EventLoop, events: Logger,
        publish: @escaping (_ listener: String, _ context: TLSServerContext) -> Void
    ) {
        self.loop = loop
        self.events = events
        self.publish = publish
        watched = listeners.compactMap { listener in
            guard let tls = listener.tls, let context = contexts[listener.name],
                tls.certificates.contains(where: { $0.chainFile != nil || $0.keyFile != nil })
                    || tls.clients?.file != nil
            else { return nil }
            return Watched(listener.name, tls, context)
        }
    }

    func start() {
        guard !watched.isEmpty else { return }
        loop.schedule(after: Self.interval) { [weak self] in
            guard let self, !isOver else { return }
            for one in watched { look(one) }
            start()
        }
    }

    /// Another looks from now on.
    func stop() { isOver = true }

    private func look(_ one: Watched) {
        let marks = Watched.marks(one.settings)
        defer { one.seen = marks }
        guard marks != one.read, marks == one.seen else { return }
        one.read = marks
        do {
            let context = try TLSContexts.server(
                one.settings, one.settings.certificates.map(Self.reread),
                authorities: one.settings.clients.map { try Self.bytes($0.file, $0.authorities.bytes) },
                continuing: one.context)
            let now = WallClock.now()
            guard context.certificates.allSatisfy({ $0.notAfter > now }) else {
                throw StartFailure("a certificate has expired")
            }
            one.context = context
            publish(one.listener, context)
            let ends = context.certificates.map(\.notAfter).min() ?? 0
            events.info(
                "new certificates are in use",
                metadata: ["listener": "\(one.listener)", "valid_for_days": "\((ends - now) / 86_400)"])
        } catch {
            events.error(
                "new certificates were refused, and the old ones stay",
                metadata: ["listener": "\(one.listener)", "reason": "\(error)"])
        }
    }

    private static func bytes(_ file: String?, _ otherwise: [UInt8]) throws -> [UInt8] {
        try file.map { try File.read(path: $0, limit: 1 << 20) } ?? otherwise
    }

    private static func reread(_ old: CertificateSettings) throws -> TLSCertificate {
        TLSCertificate(
            chainPEM: try bytes(old.chainFile, old.chain.bytes), keyPEM: try bytes(old.keyFile, old.key.bytes))
    }
}
