import HTTP
import Testing

@Suite struct QueryParametersTests {
    @Test func pairsAreDecodedInOrder() throws {
        let parameters = try #require(QueryParameters("a=1&b=x+y%2B&a=%C3%A9&c&=d&&e=f=g"))
        #expect(parameters.pairs.map { $0.name } == ["a", "b", "a", "c", "", "e"])
        #expect(parameters.pairs.map { $0.value } == ["1", "x y+", "\u{E9}", "", "d", "f=g"])
        #expect(parameters.first("a") == "1")
        #expect(parameters.count(of: "a") == 2)
        #expect(parameters.first("z") == nil)
    }

    @Test func onlyRefusesWhatOccursTwice() throws {
        let parameters = try #require(QueryParameters("state=a&code=b&%73tate=c"))
        #expect(parameters.only("code") == "b")
        #expect(parameters.only("state") == nil)
        #expect(parameters.only("error") == nil)
    }

    @Test func emptyQueryHasNoPairs() throws {
        #expect(try #require(QueryParameters("")).pairs.isEmpty)
        #expect(try #require(QueryParameters("&&")).pairs.isEmpty)
    }

    @Test(arguments: ["%", "a=%", "a=%4", "a=%zz", "%g1=b", "a=%ff", "a=%c0%af", "%ed%a0%80=b", "a=b&c=%0"])
    func malformedEncodingMakesTheWholeInvalid(_ query: String) {
        #expect(QueryParameters(query) == nil)
    }
}
