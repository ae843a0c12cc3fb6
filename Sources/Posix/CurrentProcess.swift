import CEpoll
import Glibc

/// The process itself: its environment, and how it ends.
package enum CurrentProcess {
    /// What the environment held when the process started.
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        var pointer = environ
        while let entry = pointer.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            pointer += 1
        }
        return variables
    }

    package static var id: Int32 { getpid() }

    package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }
}
