import HTTP
import Telemetry
import Testing

@testable import Gateway
@testable import Settings

@Suite struct DecisionsTests {
    private func decision(
        _ reference: String, path: String = "/", outcome: Outcome = .forbidden, rule: String? = nil
    ) throws -> Decision {
        var record = AccessRecord(startedAt: 1_700_000_000_000_000, method: "GET", path: path, peer: "192.0.2.7")
        record.reference = reference
        record.host = "docs.example.com"
        let rule = try rule.map { Rule(pattern: .everything, requirement: try Requirement($0)) }
        let verdicts = rule?.requirement.parts.map { (part: $0, verdict: Requirement.Verdict.refused) } ?? []
        return Decision(record, status: 403, outcome: outcome, stage: .authorization, rule: rule, verdicts: verdicts)
    }

    @Test func theLatestAreFoundAndThoseBeforeThemAreGone() throws {
        var decisions = Decisions(limit: 3)
        for name in ["A", "B", "C", "D"] { decisions.add(try decision(name)) }
        #expect(decisions.count == 3 && decisions.find("A") == nil)
        #expect(["B", "C", "D"].allSatisfy { decisions.find($0)?.reference == $0 })
        decisions.add(try decision("E"))
        #expect(decisions.find("B") == nil && decisions.find("E") != nil && decisions.count == 3)
    }

    @Test func withAnotherLimitTheLatestStay() throws {
        var decisions = Decisions(limit: 3)
        for name in ["A", "B", "C", "D"] { decisions.add(try decision(name)) }
        decisions.limit = 2
        #expect(decisions.find("B") == nil && decisions.find("C") != nil && decisions.find("D") != nil)
        decisions.add(try decision("E"))
        #expect(decisions.find("C") == nil && decisions.find("D") != nil && decisions.find("E") != nil)
        decisions.limit = 4
        for name in ["F", "G"] { decisions.add(try decision(name)) }
        #expect(decisions.count == 4 && decisions.find("D") != nil)
        decisions.limit = 0
        #expect(decisions.count == 0)
    }

    @Test func noneIsRememberedWithALimitOfNoneAndNoneWithoutAReference() throws {
        var none = Decisions(limit: 0), some = Decisions(limit: 1)
        none.add(try decision("A"))
        some.add(try decision(""))
        #expect(none.count == 0 && some.count == 0)
    }

    @Test func noQueryAndNoLongTextIsKept() throws {
        #expect(try decision("A", path: "/callback?code=secret").path == "/callback")
        let long = try decision("A", path: "/" + String(repeating: "é", count: 9000)).path
        #expect(long.utf8.count < 1024 && long.hasSuffix("…"))
    }

    @Test func whatARuleAsksForAndIsNotMetIsSaid() throws {
        let some = try decision("A", rule: "groups:a and email:*@example.com")
        #expect(
            some.reason == "The rule asks for groups:a and email:*@example.com, and this account does not meet that.")
        #expect(try decision("A", rule: "nobody").reason == "The rule lets nobody in, whoever asks.")
        let text = some.text(now: 1_700_000_090)
        #expect(text.contains("when       2023-11-14 22:13:20 UTC, 90 s ago\n"))
        #expect(text.contains("rule       /**: groups:a and email:*@example.com\n           groups:a: not met\n"))
    }

    @Test func everyOutcomeHasItsReasonAndItsRemedyAsSentences() {
        for outcome in Outcome.allCases {
            for text in [outcome.reason, outcome.remedy] {
                #expect(text.hasSuffix(".") && text.first?.isUppercase == true, "\(outcome): \(text)")
            }
        }
    }

    @Test func nothingThatSteersATerminalIsShown() throws {
        let text = try decision("A", path: "/\u{1B}[2J\n\u{202E}x\u{9B}1m").text(now: 0)
        #expect(
            !text.unicodeScalars.contains { $0 != "\n" && ($0.value < 32 || $0.value == 0x9B || $0.value == 0x202E) })
        #expect(text.contains("\\u{1b}[2J\\u{a}\\u{202e}x"))
    }
}

@Suite struct PlainTextTests {
    @Test(arguments: [
        (-5, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_799, "47 h"),
        (172_800, "2 days"),
    ]) func aSpanIsInTheLargestUnitThatThereAreTwoOf(seconds: Int64, text: String) {
        #expect(PlainText.span(seconds) == text)
    }

    @Test func columnsBeginBelowEachOtherAndNoLineEndsInSpaces() {
        #expect(
            PlainText.table([["a", "bb", "c"], ["long", "", "d"], ["x", "y", ""]])
                == "a     bb  c\nlong      d\nx     y\n")
    }

    @Test func aTimeIsToldForPeopleAndForPrograms() {
        #expect(PlainText.time(1_700_000_000) == "2023-11-14 22:13:20 UTC")
        #expect(PlainText.timestamp(1_700_000_000) == "2023-11-14T22:13:20Z")
    }
}

@Suite struct AdminPlaceTests {
    @Test func theConfigsSocketGoesBeforeSystemdsAndThatBeforeTheUsualOne() {
        func places(_ socket: String?, _ environment: [String: String]) -> [AdminPlace] {
            AdminPlace.all(socket: socket, address: nil, environment: environment)
        }
        let systemd = ["RUNTIME_DIRECTORY": "/run/a:/run/b"]
        #expect(places("/x", systemd) == [.socket("/x")])
        #expect(places(nil, systemd) == [.socket("/run/a/admin.sock")])
        #expect(places(nil, ["RUNTIME_DIRECTORY": "relative"]) == [.socket("/run/postern/admin.sock")])
    }

    @Test func aPathAndAnAddressArePlacesAndNothingElseIs() {
        #expect(AdminPlace("/run/x.sock") == .socket("/run/x.sock"))
        #expect(AdminPlace("unix:/run/x.sock") == .socket("/run/x.sock"))
        #expect(AdminPlace("127.0.0.1:9180")?.description == "127.0.0.1:9180")
        for text in ["", "x", "127.0.0.1", "unix:x", "systemd:admin"] { #expect(AdminPlace(text) == nil) }
    }
}
