import HTTP
import Testing

@Suite struct EntityTagTests {
    @Test func isReadAndSpelled() throws {
        let strong = try #require(EntityTag("\"a,b\""))
        let weak = try #require(EntityTag("W/\"\""))
        #expect(strong.value == "a,b" && !strong.isWeak)
        #expect(weak.value == "" && weak.isWeak)
        #expect(strong.description == "\"a,b\"" && weak.description == "W/\"\"")
    }

    @Test(arguments: ["", "a", "\"", "\"a", "a\"", "w/\"a\"", "W/a", "\"a\"b", "\"a b\"", " \"a\"", "\"a\"\"b\"", "*"])
    func anythingElseIsRefused(_ text: String) {
        #expect(EntityTag(text) == nil)
    }

    /// The table of RFC 9110 section 8.8.3.2.
    @Test(arguments: [
        ("W/\"1\"", "W/\"1\"", false, true), ("W/\"1\"", "W/\"2\"", false, false), ("W/\"1\"", "\"1\"", false, true),
        ("\"1\"", "\"1\"", true, true),
    ])
    func comparesStronglyAndWeakly(_ left: String, _ right: String, _ strongly: Bool, _ weakly: Bool) throws {
        let left = try #require(EntityTag(left))
        let right = try #require(EntityTag(right))
        #expect(left.equalsStrongly(right) == strongly)
        #expect(left.equalsWeakly(right) == weakly)
    }

    @Test func conditionsAreLists() throws {
        let tag = try #require(EntityTag("\"b\""))
        let list = try #require(EntityTag.Condition([" \"a\" ,, W/\"b\"", "\"c\""]))
        #expect(list.matchesWeakly(tag))
        #expect(!list.matchesStrongly(tag))
        #expect(!list.matchesWeakly(nil))
        #expect(EntityTag.Condition(["*"]) == .any)
        #expect(EntityTag.Condition.any.matchesStrongly(nil))
    }

    @Test(arguments: [[], [""], [","], ["a"], ["\"a\" \"b\""], ["\"a\",b"], ["*", "*"], ["*,\"a\""], ["\"a"]])
    func malformedConditionsAreRefused(_ lines: [String]) {
        #expect(EntityTag.Condition(lines) == nil)
    }
}
