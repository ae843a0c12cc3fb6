import HTTP
import Origins
import Testing

struct ConditionsTests {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    let seconds = Int64(784_111_777)

    func conditions(_ fields: [(FieldName, String)], isHead: Bool = false) -> Conditions {
        Conditions(Fields(fields), isHead: isHead)
    }

    @Test func noneAreEmpty() {
        #expect(conditions([(.accept, "*/*")]) == Conditions())
        #expect(Conditions().isEmpty)
    }

    @Test func tagsOverruleDates() {
        let both = conditions([
            (.ifNoneMatch, "\"a\""), (.ifModifiedSince, date), (.ifMatch, "\"b\""), (.ifUnmodifiedSince, date),
        ])
        #expect(both.ifNoneMatch != nil && both.ifMatch != nil)
        #expect(both.ifModifiedSince == nil && both.ifUnmodifiedSince == nil)
    }

    @Test func aMalformedTagOverrulesTheDateAsWell() {
        let both = conditions([(.ifNoneMatch, "a"), (.ifModifiedSince, date)])
        #expect(both.isEmpty)
    }

    @Test func datesAreRead() {
        #expect(conditions([(.ifModifiedSince, date)]).ifModifiedSince == seconds)
        #expect(conditions([(.ifUnmodifiedSince, date)]).ifUnmodifiedSince == seconds)
        #expect(conditions([(.ifModifiedSince, "yesterday")]).isEmpty)
        #expect(conditions([(.ifModifiedSince, date), (.ifModifiedSince, date)]).isEmpty)
    }

    @Test func linesOfTagsAreOneList() {
        #expect(
            conditions([(.ifNoneMatch, "\"a\""), (.ifNoneMatch, "W/\"b,c\" , \"d\"")]).ifNoneMatch
                == .tags([EntityTag("\"a\"")!, EntityTag("W/\"b,c\"")!, EntityTag("\"d\"")!]))
    }

    @Test func aListAtTheLimitIsReadAndOneBeyondIsNot() {
        let longest = "\"" + String(repeating: "a", count: Conditions.maximumFieldLength - 2) + "\""
        #expect(conditions([(.ifNoneMatch, longest)]).ifNoneMatch != nil)
        #expect(conditions([(.ifNoneMatch, longest + " ")]).ifNoneMatch == nil)
    }

    @Test func rangesAreForGetAlone() {
        #expect(conditions([(.range, "bytes=0-9")]).range == .bounded(first: 0, last: 9))
        #expect(conditions([(.range, "bytes=0-9")], isHead: true).range == nil)
    }

    @Test(arguments: ["bytes=0-1,3-4", "items=0-1", "bytes=", "bytes=-", "bytes=2-1", "bytes=a-b", "0-1", "bytes=0-1;"])
    func otherRangesAskForTheWhole(_ range: String) {
        #expect(conditions([(.range, range)]).isEmpty)
    }

    @Test func twoRangeLinesAskForTheWhole() {
        #expect(conditions([(.range, "bytes=0-1"), (.range, "bytes=0-1")]).isEmpty)
    }

    @Test func ifRangeTakesStrongTagsAndDates() {
        let tagged = conditions([(.range, "bytes=0-1"), (.ifRange, "\"a\"")])
        #expect(tagged.ifRange == .tag(EntityTag("\"a\"")!))
        let dated = conditions([(.range, "bytes=0-1"), (.ifRange, date)])
        #expect(dated.ifRange == .date(seconds))
    }

    @Test(arguments: ["W/\"a\"", "a", "*", "", "\"a\", \"b\""])
    func anIfRangeThatCannotHoldAsksForTheWhole(_ value: String) {
        #expect(conditions([(.range, "bytes=0-1"), (.ifRange, value)]).isEmpty)
    }

    @Test func ifRangeWithoutRangeIsNothing() {
        #expect(conditions([(.ifRange, "\"a\"")]).isEmpty)
    }
}
