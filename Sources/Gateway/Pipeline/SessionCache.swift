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
/// what was in the old one and has not been asked for since is gone. O(1), and at most twice the capacity.
struct SessionCache {
    private var young: [CredentialKey: Visitor] = [:]
    private var old: [CredentialKey: Visitor] = [:]
    private let capacity: Int

    init(capacity: Int = 20_000) {
        self.capacity = capacity
    }

    var count: Int { young.count + old.count }

    subscript(key: CredentialKey) -> Visitor? {
        mutating get {
            if let visitor = young[key] { return visitor }
            guard let visitor = old[key] else { return nil }
            insert(visitor, for: key)
            return visitor
        }
    }

    mutating func insert(_ visitor: Visitor, for key: CredentialKey) {
        if young.count >= capacity {
            old = young
            young = [:]
        }
        young[key] = visitor
    }

    mutating func remove(_ key: CredentialKey) {
        young[key] = nil
        old[key] = nil
    }
}
