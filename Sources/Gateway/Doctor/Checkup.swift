import Bytes

/// What a look at the world behind a config has found.
package struct Checkup: Sendable {
    package internal(set) var findings: [Finding] = []

    package struct Finding: Sendable, Equatable {
        package enum Result: String, Sendable, CaseIterable { case ok, warning, failed }

        package let result: Result
        /// The config's part that it is about: `providers.corp`.
        package let part: String
        /// Which of the checks it is, of a closed list.
        package let check: Check
        /// Parts of sentences without their full stop. Neither shows a secret.
        package let message: String
        package let remedy: String
    }

    package enum Check: String, Sendable, CaseIterable {
        // Of providers
        case discovery, keys, callback, client
        // Of providers and buckets
        case clock
        // Of origins
        case credentials, bucket, object
        case missingObject = "missing_object"
        case directory, connection
        // Of listeners and of the machine
        case certificate, names
        case sessionKeys = "session_keys"
        case stateDirectory = "state_directory"
        case openFiles = "open_files"
        /// Of any part: it was not done in time.
        case time
    }

    package var hasFailed: Bool { findings.contains { $0.result == .failed } }

    /// A line for each finding, with its remedy, and what they come to.
    package var text: String {
        var text = ""
        for finding in findings {
            let space = String(repeating: " ", count: 9 - finding.result.rawValue.count)
            let remedy = finding.remedy.isEmpty ? "" : ". \(finding.remedy)."
            let words = Self.oneLine("\(finding.part): \(finding.check.rawValue): \(finding.message)\(remedy)")
            text += finding.result.rawValue + space + words + "\n"
        }
        let counts = Finding.Result.allCases.compactMap { result in
            let count = findings.count { $0.result == result }
            return count == 0 ? nil : "\(count) \(result.rawValue)"
        }
        return text + counts.joined(separator: ", ") + "\n"
    }

    /// What others say stays on its line, and steers no terminal.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }))
    }

    package var json: String {
        var json = JSONText()
        json.object { json in
            json.member("ok", !hasFailed)
            json.key("checks")
            json.array { json in
                for finding in findings {
                    json.object {
                        $0.member("result", finding.result.rawValue)
                        $0.member("part", finding.part)
                        $0.member("check", finding.check.rawValue)
                        $0.member("message", finding.message)
                        $0.member("remedy", finding.remedy)
                    }
                }
            }
        }
        return json.text + "\n"
    }
}

/// The findings about one part, as they come.
struct PartFindings: Sendable {
    let part: String
    private(set) var findings: [Checkup.Finding] = []

    init(_ part: String) { self.part = part }

    mutating func ok(_ check: Checkup.Check, _ message: String) { add(.ok, check, message, "") }

    mutating func warning(_ check: Checkup.Check, _ message: String, _ remedy: String) {
        add(.warning, check, message, remedy)
    }

    mutating func failed(_ check: Checkup.Check, _ message: String, _ remedy: String) {
        add(.failed, check, message, remedy)
    }

    mutating func add(_ result: Checkup.Finding.Result, _ check: Checkup.Check, _ message: String, _ remedy: String) {
        findings.append(Checkup.Finding(result: result, part: part, check: check, message: message, remedy: remedy))
    }

    /// How far somebody's clock is from this machine's.
    /// - Parameters:
    ///   - seconds: positive where it is ahead.
    ///   - tolerance: from so many on it matters.
    mutating func clock(_ seconds: Int64, tolerance: Int64, whatFails: String) {
        let size = Int64(clamping: seconds.magnitude)
        let words = size < 2 ? "the clocks agree" : "its clock is \(size) s \(seconds > 0 ? "ahead" : "behind")"
        let remedy = "Set this machine's clock by NTP, or the other's"
        if size > tolerance {
            failed(.clock, "\(words), and \(whatFails) from \(tolerance) s on", remedy)
        } else if size > tolerance / 2 {
            warning(.clock, "\(words), and \(whatFails) from \(tolerance) s on", remedy)
        } else {
            ok(.clock, words)
        }
    }
}
