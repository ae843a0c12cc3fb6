/// What was ended before its time: sessions, one by one or all of an account, a user, a group or a site; callbacks and
/// logout tokens, which are good for one time. Each stands here until it would be over by itself.
///
/// Bounded, and safe at the bound: where there is no room for more, the tenth that is about the oldest goes, and in its
/// place everything as old as that is over, whether it was listed or not. Nothing that was ended ever comes back.
package struct RevocationList: Sendable {
    /// Entries of each space.
    package static let defaultLimit = 100_000

    fileprivate struct Span: Sendable {
        var before: Int64
        var until: Int64
    }

    fileprivate struct Shelf: Sendable {
        var entries: [RevocationKey: Span] = [:]
        /// What began then or earlier is over.
        var floor = Span(before: .min, until: .min)
        /// Entries taken in since those that are over were last looked for.
        var insertions = 0
    }

    private var shelves = RevocationSpace.allCases.map { _ in Shelf() }
    private let limit: Int
    /// How often room had to be made by ending what was not listed.
    package private(set) var overflows = 0

    package init(limit: Int = Self.defaultLimit) {
        precondition(limit > 0)
        self.limit = limit
    }

    package var count: Int { shelves.reduce(0) { $0 + $1.entries.count } }

    package func count(in space: RevocationSpace) -> Int { shelves[space.index].entries.count }

    /// Whether nothing of a space is over.
    package func isEmpty(_ space: RevocationSpace) -> Bool {
        let shelf = shelves[space.index]
        return shelf.entries.isEmpty && shelf.floor.before == .min
    }

    /// The latest time of which a space says that something that began then is over; `.min` where nothing is.
    package func latest(in space: RevocationSpace) -> Int64 {
        let shelf = shelves[space.index]
        return shelf.entries.values.reduce(shelf.floor.before) { max($0, $1.before) }
    }

    /// Whether what began at `start` is over. `start` in Unix seconds.
    package func ends(_ key: RevocationKey, since start: Int64) -> Bool {
        let shelf = shelves[key.space.index]
        return start <= shelf.floor.before || shelf.entries[key].map { start <= $0.before } ?? false
    }

    /// - Returns: whether it says anything new.
    @discardableResult
    package mutating func insert(_ revocation: Revocation, now: Int64) -> Bool {
        guard revocation.until > now else { return false }
        let space = revocation.space.index
        switch revocation.subject {
        case .everything:
            guard shelves[space].floor.merge(revocation) else { return false }
        case .key(let key):
            guard shelves[space].entries[key, default: .nothing].merge(revocation) else { return false }
            shelves[space].insertions += 1
            let count = shelves[space].entries.count
            // As seldom as makes it cheap, and often enough that half of the list is of use.
            if count > limit || shelves[space].insertions > max(count / 2, 1024) { makeRoom(space, now) }
        }
        return true
    }

    package mutating func removeExpired(now: Int64) {
        for space in shelves.indices { shelves[space].removeExpired(now) }
    }

    /// All that it says, in entries.
    package var revocations: [Revocation] {
        RevocationSpace.allCases.flatMap { space in
            let shelf = shelves[space.index]
            let floor = Revocation(.everything(space), before: shelf.floor.before, until: shelf.floor.until)
            return (shelf.floor.before == .min ? [] : [floor])
                + shelf.entries.map { Revocation(.key($0.key), before: $0.value.before, until: $0.value.until) }
        }
    }

    private mutating func makeRoom(_ space: Int, _ now: Int64) {
        shelves[space].removeExpired(now)
        let count = shelves[space].entries.count
        guard count > limit else { return }
        let oldest = shelves[space].entries.values.map(\.before).sorted()[max(1, limit / 10) - 1]
        overflows += 1
        for (key, span) in shelves[space].entries where span.before <= oldest {
            shelves[space].entries[key] = nil
            _ = shelves[space].floor.merge(before: oldest, until: span.until)
        }
    }
}

extension RevocationList.Span {
    fileprivate static let nothing = Self(before: .min, until: .min)

    fileprivate mutating func merge(_ revocation: Revocation) -> Bool {
        merge(before: revocation.before, until: revocation.until)
    }

    /// - Returns: false where nothing changed.
    fileprivate mutating func merge(before: Int64, until: Int64) -> Bool {
        guard before > self.before || until > self.until else { return false }
        self.before = max(self.before, before)
        self.until = max(self.until, until)
        return true
    }
}

extension RevocationList.Shelf {
    fileprivate mutating func removeExpired(_ now: Int64) {
        insertions = 0
        entries = entries.filter { $0.value.until > now }
    }
}
