import Posix
import Settings
import Transport

/// The Unix socket at which the running instance is asked and told what to do. Whoever may open its file may do all of it:
/// its owner and root.
///
/// An instance that takes over from another takes its socket's name, too. One that cannot have the socket serves all the
/// same, and says so. Lives on the control loop.
final class AdminSocket {
    private let environment: [String: String]
    private var current: (path: String, file: SocketFile, listener: Listener)?

    init(environment: [String: String]) { self.environment = environment }

    /// Listens where the config that is in use has it, and no longer where it had it before.
    func follow(_ control: Control) {
        let path = control.shared.configuration.admin?.socket ?? AdminPlace.standardSocket(environment)
        guard path != current?.path else { return }
        let old = current
        current = nil
        if let path {
            do throws(SystemError) {
                let opened = try PrivateSocket(path: path), file = opened.file
                let handler = AdminHandler(control: control, isPrivate: true)
                let listener = try control.server.listen(on: opened.take(), handler: handler, name: "admin.socket")
                current = (path, file, listener)
            } catch {
                control.shared.events.error(
                    "the admin socket could not be opened", metadata: ["path": "\(path)", "reason": "\(error)"])
            }
        }
        guard let old else { return }
        old.file.remove()
        control.server.retire(
            old.listener, hardStopAfter: Nanoseconds(control.shared.configuration.limits.drainTimeout))
    }

    func remove() { current?.file.remove() }
}

/// Where a running instance is asked.
package enum AdminPlace: Sendable, Equatable, CustomStringConvertible {
    /// An absolute path: the instance's own socket, at which it can be told what to do, too.
    case socket(String)
    /// The admin listener's, over IP or at a Unix socket.
    case listener(ListenAddress)

    /// - Parameter text: what somebody wrote: `unix:PATH` or an absolute path, which is taken for an admin socket;
    ///   `ADDRESS:PORT`.
    package init?(_ text: String) {
        let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
        if path.hasPrefix("/") {
            self = .socket(path)
        } else if let address = ListenAddress(text), case .ip = address {
            self = .listener(address)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .socket(let path): "unix:\(path)"
        case .listener(let address): "\(address)"
        }
    }

    /// Where systemd has the unit's own directory below `/run`, and what is there in a shell of root's.
    private static let runtimeDirectory = "/run/postern"

    /// The socket's path where the config names none.
    static func standardSocket(_ environment: [String: String]) -> String? {
        // systemd gives several with colons between them (systemd.exec, RuntimeDirectory=).
        guard let given = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first, given.hasPrefix("/") else {
            return nil
        }
        return given + "/admin.sock"
    }

    /// Those of a config, the one that is asked first before the others.
    ///
    /// - Parameters:
    ///   - socket: `admin.socket`.
    ///   - address: `admin.address`; nil where the config has no `admin` section.
    package static func all(
        socket: String?, address: ListenAddress?, environment: [String: String]
    ) -> [AdminPlace] {
        let own = socket ?? standardSocket(environment) ?? Self.runtimeDirectory + "/admin.sock"
        return [.socket(own)] + (address.map { [.listener($0)] } ?? [])
    }
}
