import Logging
import Posix
import Reactor
import Sessions

/// Keeps revocations on disk, and follows what other processes of the machine add. On a thread and a loop of its own, for
/// it waits for the disk.
///
/// A disk that is full, or a directory that is missing, keeps nobody from signing out: what could not be written is
/// tried again every second, and meanwhile it is in memory.
actor RevocationKeeper: LoopActor {
    nonisolated let executor: LoopExecutor
    /// How soon what others have added is seen.
    static let interval = Nanoseconds.seconds(1)

    /// What became of keeping them.
    enum Report: Sendable, Equatable {
        case kept(path: String)
        case failed(reason: String)
    }

    private let loop: LoopBound<EventLoop>
    private let candidates: [String]
    private let events: Logger
    private let found: @Sendable ([Revocation]) -> Void
    private let report: @Sendable (Report) -> Void
    private var lastReport: Report?
    private var directory: String?
    private var file: RevocationFile?
    /// All that is in the file, and what is to come into it.
    private var list = RevocationList()
    private var pending: [Revocation] = []
    private var damaged = 0

    /// - Parameters:
    ///   - candidates: directories, of which the first that can be written to is taken.
    ///   - found: told what others have added.
    ///   - report: told when it is kept, or is not kept any more.
    init(
        loop: LoopBound<EventLoop>, candidates: [String], events: Logger,
        found: @escaping @Sendable ([Revocation]) -> Void, report: @escaping @Sendable (Report) -> Void
    ) {
        self.loop = loop
        self.candidates = candidates
        self.events = events
        self.found = found
        self.report = report
        executor = loop.executor
    }

    /// What is on disk before anything is served; nothing where that cannot be read, which the keeper will tell of.
    static func load(_ candidates: [String], now: Int64) -> RevocationList {
        var list = RevocationList()
        guard let path = StateDirectory.open(candidates).path, let file = try? RevocationFile(directory: path),
            let revocations = try? file.read()
        else { return list }
        for revocation in revocations { list.insert(revocation, now: now) }
        return list
    }

    func start() {
        task {
            while true {
                $0.look()
                await $0.sleep()
            }
        }
    }

    /// Writes entries, and returns when they are on the disk, or cannot be written now.
    func save(_ revocations: [Revocation]) {
        let now = loop.value.wallSeconds
        pending += revocations.filter { list.insert($0, now: now) }
        write()
    }

    private func look() {
        do throws(SystemError) {
            let file = try open()
            let now = loop.value.wallSeconds
            let new = try file.read().filter { list.insert($0, now: now) }
            if !new.isEmpty { found(new) }
            if file.isFresh { pending = list.revocations }
            if file.damaged > damaged {
                damaged = file.damaged
                events.error(
                    "the file of revocations is damaged: what stood there is lost",
                    metadata: ["path": "\(directory ?? "")", "bytes": "\(damaged)"])
            }
        } catch {
            return failed(error)
        }
        write()
        do throws(SystemError) {
            try file?.compactIfDue {
                list.removeExpired(now: loop.value.wallSeconds)
                return list.revocations
            }
        } catch {
            failed(error)
        }
    }

    private func write() {
        do throws(SystemError) {
            let file = try open()
            if pending.count > list.count { pending = list.revocations }
            try file.append(pending)
            pending = []
            tell(.kept(path: directory ?? ""))
        } catch {
            failed(error)
        }
    }

    private func open() throws(SystemError) -> RevocationFile {
        if let file { return file }
        let (path, problems) = StateDirectory.open(candidates)
        guard let path else { throw problems.first ?? .busy("open") }
        let new = try RevocationFile(directory: path)
        directory = path
        file = new
        return new
    }

    private func failed(_ error: SystemError) {
        file = nil
        tell(.failed(reason: "\(error)"))
    }

    private func tell(_ new: Report) {
        guard new != lastReport else { return }
        lastReport = new
        report(new)
        switch new {
        case .kept(let path): events.info("revocations are kept on disk", metadata: ["path": "\(path)"])
        case .failed(let reason):
            events.error(
                "revocations cannot be kept on disk, and a restart would forget them",
                metadata: ["reason": "\(reason)"])
        }
    }

    private func sleep() async {
        let loop = loop.value
        await withCheckedContinuation { continuation in
            loop.schedule(after: Self.interval) { continuation.resume() }
        }
    }
}
