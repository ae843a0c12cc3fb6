import ArgumentParser
import Posix
import Sessions

struct Secret: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a fresh session key.",
        discussion: "Keep it in a file that only Postern can read: postern secret > /etc/postern/session.key")

    func run() {
        StandardStreams.print(KeyRing.makeKeyText() + "\n")
    }
}
