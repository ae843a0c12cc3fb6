import HTTP
import Origins
import Posix
import Testing

/// What every origin does, whatever it stands on. Each case gets a rig whose origin holds `objects`.
struct OriginSuite: Sendable, CustomTestStringConvertible {
    let name: String
    let run: @Sendable (OriginRig) throws -> Void

    var testDescription: String { name }

    /// A body of `count` bytes that differs from its neighbours at every place.
    static func content(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    static let alphabet = Array("abcdefghijklmnopqrstuvwx".utf8)

    static let oddKeys = [
        "two words.txt", " leading", "trailing ", "plus+plus.txt", "100%", "%20", "%2F", "%bad%file%name%", "~tilde~",
        "a&b=c", "semi;colon", "colon:colon", "at@sign", "comma,comma", "dollar$", "star*", "(paren)", "'single'",
        "\"double\"", "`back`", "!bang!", "#hash", "?question", "[brackets]", "{braces}", "|pipe|", "^caret", "<angle>",
        "%@!*()=$#^&|", ".hidden", "..a", "a..", "...", ".well-known/x", "caf\u{E9}", "nfd-cafe\u{301}",
        "\u{4E2D}\u{6587}/\u{6587}",
        "\u{1F600}.png", "\u{41A}\u{438}\u{440} \u{5E2}\u{5D1}.txt", "-dash", "deep/er/and/deep/er/file.tar.gz",
        String(repeating: "s", count: 200) + "/" + String(repeating: "t", count: 200),
    ]

    static let objects: [(key: String, content: [UInt8])] =
        [
            ("letters.txt", alphabet), ("empty.bin", []), ("dir/page.html", Array("<p>page</p>".utf8)),
            ("large.bin", content(5_000_003)),
        ] + oddKeys.map { ("odd/" + $0, Array($0.utf8)) }

    private static let past = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let future = "Fri, 01 Jan 2100 00:00:00 GMT"

    static let cases: [OriginSuite] = [
        OriginSuite(name: "anObjectComesWhole") { (rig: OriginRig) throws in
            let object = try rig.object("letters.txt")
            #expect(object.status == 200)
            #expect(object.length == 24)
            #expect(object.body == alphabet)
            #expect(object.failure == nil)
            #expect(object.fields[.contentType]?.hasPrefix("text/plain") == true)
            #expect(EntityTag(object.fields[.etag] ?? "")?.isWeak == false)
            #expect(HTTPDate.parse(object.fields[.lastModified] ?? "") != nil)
            #expect(object.fields[.acceptRanges] == "bytes")
            #expect(!object.fields.contains(.contentRange))
        },
        OriginSuite(name: "headIsGetWithoutABody") { (rig: OriginRig) throws in
            for key in ["letters.txt", "empty.bin", "large.bin", "dir/page.html"] {
                let get = try rig.object(key)
                let head = try rig.object(key, isHead: true)
                #expect(head.status == 200)
                #expect(head.body == nil)
                #expect(head.length == get.length)
                #expect(head.fields == get.fields, "\(head.fields) \(get.fields)")
            }
        },
        OriginSuite(name: "anEmptyObjectIsAnObject") { (rig: OriginRig) throws in
            let object = try rig.object("empty.bin")
            #expect(object.status == 200 && object.length == 0 && object.body == [])
        },
        OriginSuite(name: "aLargeObjectComesInAnySteps") { (rig: OriginRig) throws in
            let large = content(5_000_003)
            for step in [1_000, 65_536, 10_000_000] {
                let object = try rig.object("large.bin", step: step)
                #expect(object.body == large, "by \(step)")
            }
        },
        OriginSuite(name: "oddKeysNameTheirOwnObjects") { (rig: OriginRig) throws in
            for key in oddKeys {
                let object = try rig.object("odd/" + key)
                #expect(object.body == Array(key.utf8), "\(key)")
            }
        },
        OriginSuite(name: "whatIsNotThereIsNotFound") { (rig: OriginRig) throws in
            for key in [
                "nothing", "nothing/at/all", "dir/nothing.html", "letters.txt/below", "Letters.txt", "letters.txt ",
                "odd/cafe", "odd/nfd-caf\u{E9}", "odd/% 20", String(repeating: "n", count: 255),
            ] {
                for isHead in [false, true] {
                    guard case .notFound = rig.fetch(key, isHead: isHead) else {
                        Issue.record("\(key) \(isHead)")
                        continue
                    }
                }
            }
        },
        OriginSuite(name: "aFolderIsNoObject") { (rig: OriginRig) throws in
            for key in ["dir", "dir/", "odd", "odd/.well-known", ""] {
                for isHead in [false, true] {
                    guard case .notFound = rig.fetch(key, isHead: isHead) else {
                        Issue.record("\(key) \(isHead)")
                        continue
                    }
                }
            }
        },
        OriginSuite(name: "keysThatWalkNameNothing") { (rig: OriginRig) throws in
            for key in [
                "../letters.txt", "dir/../letters.txt", "./letters.txt", "dir/./page.html", "dir//page.html",
                "/letters.txt",
                "//letters.txt", "..", ".", "dir/..", "dir\\page.html", "letters.txt\0", "letters.txt/",
                "letters.txt/.",
                "letters\n.txt", "dir/../../etc/passwd", "/etc/passwd", String(repeating: "a", count: 1025),
                String(repeating: "../", count: 100) + "etc/passwd",
            ] {
                guard case .notFound = rig.fetch(key) else {
                    Issue.record("\(key)")
                    continue
                }
            }
        },
        OriginSuite(name: "rangesAreAnsweredWithTheirBytes") { (rig: OriginRig) throws in
            let rows: [(String, Range<Int>)] = [
                ("bytes=0-3", 0..<4), ("bytes=0-0", 0..<1), ("bytes=23-23", 23..<24), ("bytes=5-", 5..<24),
                ("bytes=-4", 20..<24),
                ("bytes=-99", 0..<24), ("bytes=0-999", 0..<24), ("bytes=4-9223372036854775807", 4..<24),
                ("bytes=0-", 0..<24),
                ("bytes=20-99999999999999999999", 20..<24),
            ]
            for (field, range) in rows {
                let object = try rig.object("letters.txt", [(.range, field)])
                #expect(object.status == 206, "\(field)")
                #expect(object.body == Array(alphabet[range]), "\(field)")
                #expect(object.length == range.count, "\(field)")
                #expect(
                    object.fields[.contentRange] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/24", "\(field)")
            }
        },
        OriginSuite(name: "aPartOfALargeObjectIsThatPart") { (rig: OriginRig) throws in
            let object = try rig.object("large.bin", [(.range, "bytes=1000003-2000004")], step: 4096)
            #expect(object.status == 206)
            #expect(object.body == Array(content(5_000_003)[1_000_003...2_000_004]))
        },
        OriginSuite(name: "rangesThatAreNoneAreIgnored") { (rig: OriginRig) throws in
            for field in ["bytes=3-2", "bytes=", "items=0-3", "bytes=0-1,3-4", "bytes=x-y", "bytes=-"] {
                let object = try rig.object("letters.txt", [(.range, field)])
                #expect(object.status == 200 && object.body == alphabet, "\(field)")
            }
            let head = try rig.object("letters.txt", isHead: true, [(.range, "bytes=0-3")])
            #expect(head.status == 200 && head.length == 24)
        },
        OriginSuite(name: "rangesBeyondTheEndCannotBeSatisfied") { (rig: OriginRig) throws in
            for field in ["bytes=24-", "bytes=9999-", "bytes=24-30", "bytes=9223372036854775807-"] {
                let object = try rig.object("letters.txt", [(.range, field)])
                #expect(object.status == 416, "\(field)")
                #expect(object.body == nil)
                #expect(object.fields[.contentRange] == "bytes */24", "\(field)")
            }
            #expect(try rig.object("empty.bin", [(.range, "bytes=0-")]).status == 416)
        },
        OriginSuite(name: "aKnownTagIsNotModified") { (rig: OriginRig) throws in
            let tag = try rig.object("letters.txt").fields[.etag] ?? ""
            for value in [tag, "W/" + tag, "\"other\", " + tag, "W/\"other\",W/" + tag, "*"] {
                for isHead in [false, true] {
                    let object = try rig.object("letters.txt", isHead: isHead, [(.ifNoneMatch, value)])
                    #expect(object.status == 304, "\(value)")
                    #expect(object.body == nil)
                    #expect(object.fields[.etag] == tag)
                    #expect(!object.fields.contains(.contentType))
                }
            }
            for value in ["\"other\"", "W/\"other\"", "other", "\"" + tag, ""] {
                #expect(try rig.object("letters.txt", [(.ifNoneMatch, value)]).status == 200, "\(value)")
            }
        },
        OriginSuite(name: "aTagOverrulesADate") { (rig: OriginRig) throws in
            let object = try rig.object("letters.txt", [(.ifNoneMatch, "\"other\""), (.ifModifiedSince, future)])
            #expect(object.status == 200)
        },
        OriginSuite(name: "datesDecideWhatIsModified") { (rig: OriginRig) throws in
            let day = try rig.object("letters.txt").fields[.lastModified] ?? ""
            #expect(try rig.object("letters.txt", [(.ifModifiedSince, day)]).status == 304)
            #expect(try rig.object("letters.txt", [(.ifModifiedSince, past)]).status == 200)
            #expect(try rig.object("letters.txt", [(.ifModifiedSince, "never")]).status == 200)
            #expect(try rig.object("letters.txt", isHead: true, [(.ifModifiedSince, day)]).status == 304)
            #expect(try rig.object("letters.txt", [(.ifUnmodifiedSince, day)]).status == 200)
            #expect(try rig.object("letters.txt", [(.ifUnmodifiedSince, past)]).status == 412)
            #expect(try rig.object("letters.txt", isHead: true, [(.ifUnmodifiedSince, past)]).status == 412)
        },
        OriginSuite(name: "onlyAMatchingTagPasses") { (rig: OriginRig) throws in
            let tag = try rig.object("letters.txt").fields[.etag] ?? ""
            for (value, status) in [
                (tag, 200), ("\"other\", " + tag, 200), ("*", 200), ("\"other\"", 412), ("W/" + tag, 412),
            ] {
                for isHead in [false, true] {
                    let object = try rig.object("letters.txt", isHead: isHead, [(.ifMatch, value)])
                    #expect(object.status == status, "\(value)")
                    if status == 412 { #expect(object.body == nil) }
                }
            }
            guard case .notFound = rig.fetch("nothing", [(.ifMatch, "*")]) else {
                Issue.record("found")
                return
            }
        },
        OriginSuite(name: "aRangeOfTheSameVersionIsAPart") { (rig: OriginRig) throws in
            let whole = try rig.object("letters.txt")
            for validator in [whole.fields[.etag] ?? "", whole.fields[.lastModified] ?? ""] {
                let object = try rig.object("letters.txt", [(.range, "bytes=2-4"), (.ifRange, validator)])
                #expect(object.status == 206, "\(validator)")
                #expect(object.body == Array(alphabet[2...4]))
            }
        },
        OriginSuite(name: "aRangeOfAnotherVersionIsTheWhole") { (rig: OriginRig) throws in
            let tag = try rig.object("letters.txt").fields[.etag] ?? ""
            for validator in ["\"other\"", "W/" + tag, past, future, "nonsense"] {
                for range in ["bytes=2-4", "bytes=99-"] {
                    let object = try rig.object("letters.txt", [(.range, range), (.ifRange, validator)])
                    #expect(object.status == 200, "\(validator)")
                    #expect(object.body == alphabet)
                    #expect(!object.fields.contains(.contentRange))
                }
            }
        },
        OriginSuite(name: "aKnownTagBeatsARange") { (rig: OriginRig) throws in
            let tag = try rig.object("letters.txt").fields[.etag] ?? ""
            #expect(try rig.object("letters.txt", [(.range, "bytes=2-4"), (.ifNoneMatch, tag)]).status == 304)
            #expect(try rig.object("letters.txt", [(.range, "bytes=2-4"), (.ifMatch, "\"other\"")]).status == 412)
            let both = try rig.object("letters.txt", [(.range, "bytes=2-4"), (.ifMatch, tag)])
            #expect(both.status == 206 && both.body == Array(alphabet[2...4]))
        },
        OriginSuite(name: "aCancelledFetchIsNotAnswered") { (rig: OriginRig) throws in
            var answers = 0
            if let call = rig.origin.fetch(OriginRequest(key: "large.bin"), receiver: { _ in answers += 1 }) {
                call.cancel()
                call.cancel()
                rig.turn(until: { false }, MonotonicTime.now() + Nanoseconds.milliseconds(100))
                #expect(answers == 0)
            }
            #expect(try rig.object("letters.txt").body == alphabet)
        },
        OriginSuite(name: "aBodyThatIsCancelledHarmsNoOther") { (rig: OriginRig) throws in
            for _ in 0..<3 {
                var body: (any BodySource)?
                var isAnswered = false
                rig.origin.fetch(OriginRequest(key: "large.bin")) { response in
                    isAnswered = true
                    if case .object(let object) = response { body = object.body }
                }
                rig.turn(until: { isAnswered }, MonotonicTime.now() + Nanoseconds.seconds(10))
                var some: [UInt8] = []
                some.append(addingCapacity: 10_000) { (out: inout OutputSpan<UInt8>) in _ = body?.read(into: &out) }
                body?.cancel()
                #expect(try rig.object("letters.txt").body == alphabet)
            }
        },
        OriginSuite(name: "manyFetchesAtOnceAllComeWhole") { (rig: OriginRig) throws in
            var answered = 0
            for index in 0..<50 {
                rig.origin.fetch(OriginRequest(key: index % 2 == 0 ? "letters.txt" : "nothing")) { response in
                    switch (index % 2, response) {
                    case (0, .object(let object)):
                        #expect(object.length == 24)
                        object.body?.cancel()
                    case (1, .notFound): break
                    default: Issue.record("\(index): \(response)")
                    }
                    answered += 1
                }
            }
            rig.turn(until: { answered == 50 }, MonotonicTime.now() + Nanoseconds.seconds(20))
            #expect(answered == 50)
        },
    ]
}
