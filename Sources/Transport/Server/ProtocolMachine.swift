import Telemetry

/// What speaks a protocol on a connection: HTTP/1 or, agreed by ALPN, HTTP/2.
///
/// It reads from and writes to its `Connection`, and sets the connection's one deadline while it is open.
protocol ProtocolMachine: AnyObject {
    /// There may be bytes to read, or room to write, or both.
    func proceed()

    /// The deadline that the machine set has passed.
    func deadlineReached()

    /// Finish what runs, and begin nothing new.
    func drain()

    /// Whether the connection could be closed now without a loss to anybody.
    var isIdle: Bool { get }

    /// The connection is closed. Exchanges that were open are abandoned.
    func connectionClosed(_ reason: CloseReason)
}
