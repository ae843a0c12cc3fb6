import Sessions
import Testing

@testable import Gateway

@Suite struct SessionCacheTests {
    private func key(_ number: Int) -> CredentialKey { CredentialKey(site: 0, credential: "\(number)") }

    private func visitor(_ subject: String = "alice", groups: [String] = []) -> Visitor {
        Visitor(SessionIdentity(subject: subject, groups: groups), record: nil, tokenExpiresAt: 1, keyGeneration: 1)
    }

    @Test func itKeepsWhatItIsGivenUntilItIsRemoved() {
        var cache = SessionCache()
        cache.insert(visitor("a"), for: key(1))
        cache.insert(visitor("b"), for: key(2))
        cache.remove(key(1))
        let found = [cache[key(1)]?.identity.subject, cache[key(2)]?.identity.subject]
        #expect(found == [nil, "b"])
    }

    @Test func aSiteSeesNothingOfAnother() {
        var cache = SessionCache()
        cache.insert(visitor(), for: CredentialKey(site: 0, credential: "x"))
        let found = cache[CredentialKey(site: 1, credential: "x")]
        #expect(found == nil)
    }

    @Test func itIsBoundedInBytesHoweverLargeAVisitorIs() {
        let large = visitor(groups: (0..<1000).map { "a group with a rather long name, number \($0)" })
        #expect(large.size > 80_000)
        var cache = SessionCache(limit: 10 * large.size)
        for number in 0..<1000 {
            cache.insert(large, for: key(number))
            #expect(cache.count <= 20)
        }
        let last = cache[key(999)]
        #expect(last != nil)
    }

    @Test func whatIsAskedForStays() {
        let one = visitor()
        var cache = SessionCache(limit: 10 * one.size)
        cache.insert(one, for: key(0))
        for number in 1..<200 {
            cache.insert(visitor(), for: key(number))
            let found = cache[key(0)]
            #expect(found != nil, "after \(number)")
        }
    }

    @Test func theSameKeyCountsOnce() {
        let one = visitor()
        var cache = SessionCache(limit: 10 * one.size)
        cache.insert(one, for: key(1))
        for _ in 0..<1000 { cache.insert(visitor(), for: key(0)) }
        for _ in 0..<1000 {
            cache.insert(visitor(), for: key(2))
            cache.remove(key(2))
        }
        let found = cache[key(1)]
        #expect(found != nil && cache.count == 2)
    }
}
