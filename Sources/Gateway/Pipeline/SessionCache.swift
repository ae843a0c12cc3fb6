import Cryptography

/// What a visitor was known by: the digest of a cookie or a token, and the site that it was shown to.
struct CredentialKey: Hashable {
    let site: Int
    let digest: SHA256Digest

    init(site: Int, credential: String) {
        self.site = site
        digest = SHA256.digest(credential.utf8.span)
    }
}

/// The visitors that this worker has verified lately.
///
/// Two generations in place of a list of uses: when the young one is full it becomes the old one, and
/// what was in the old one and has not been asked for since is gone. O(1), and at most twice the limit.
struct SessionCache {
    /// What one generation may take, in bytes: some 8000 sessions of 2 KiB.
    static let defaultLimit = 16 << 20

    private var young: [CredentialKey: Visitor] = [:]
    private var old: [CredentialKey: Visitor] = [:]
    private var youngSize = 0
    /// Look-ups since they were last taken.
    private var lookups = (hits: 0, misses: 0)
    private let limit: Int

    /// `limit` in bytes.
    init(limit: Int = Self.defaultLimit) {
        self.limit = limit
    }

    var count: Int { young.count + old.count }

    subscript(key: CredentialKey) -> Visitor? {
        mutating get {
            if let visitor = young[key] {
                lookups.hits += 1
                return visitor
            }
            guard let visitor = old.removeValue(forKey: key) else {
                lookups.misses += 1
                return nil
            }
            lookups.hits += 1
            insert(visitor, for: key)
            return visitor
        }
    }

    /// How many look-ups there were since this was last asked.
    mutating func takeLookups() -> (hits: Int, misses: Int) {
        defer { lookups = (0, 0) }
        return lookups
    }

    mutating func insert(_ visitor: Visitor, for key: CredentialKey) {
        let size = visitor.size
        if youngSize + size > limit {
            old = young
            young = [:]
            youngSize = 0
        }
        youngSize += size - (young.updateValue(visitor, forKey: key)?.size ?? 0)
    }

    mutating func remove(_ key: CredentialKey) {
        youngSize -= young.removeValue(forKey: key)?.size ?? 0
        old[key] = nil
    }
}
