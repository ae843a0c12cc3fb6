import HTTP
import Posix
import Settings
import Transport

// The config's limits, as the modules below take them.

extension ServerLimits {
    init(_ limits: LimitSettings) {
        self.init()
        handshakeTime = Nanoseconds(limits.tlsHandshakeTimeout)
        headTime = Nanoseconds(limits.headTimeout)
        idleTime = Nanoseconds(limits.idleTimeout)
        bodyIdleTime = Nanoseconds(limits.readTimeout)
        writeIdleTime = Nanoseconds(limits.writeTimeout)
        connections = limits.connections
        requestsPerConnection = limits.requestsPerConnection
        http2.concurrentStreams = limits.streamsPerConnection
        http1 = HTTP1Limits(requestLine: limits.requestLine, fieldsSize: limits.fieldsSize, fieldCount: limits.fieldsCount)
    }
}

extension ClientLimits {
    init(origin limits: LimitSettings) {
        self.init()
        connectTime = Nanoseconds(limits.originConnectTimeout)
        firstByteTime = Nanoseconds(limits.originFirstByteTimeout)
        betweenBytesTime = Nanoseconds(limits.originIdleTimeout)
        connections = limits.originConnections
    }
}

extension Nanoseconds {
    init(_ span: TimeSpan) { self.init(span.nanoseconds) }
}
