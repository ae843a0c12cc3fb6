import Bytes
import Glibc
import HTTP

// Says what the HTTP/1 request parser makes of bytes, for the tests that hold it against other parsers.
//
// Input: cases, each the bytes of one connection behind their number as four bytes, the greatest first. Output: one
// line of JSON for each, in which every text is in hexadecimal digits:
//
//     {"messages": [{"method": …, "target": …, "fields": [[name, value] …], "body": …, "complete": …} …], "error": …}

func readAll() -> [UInt8] {
    var all: [UInt8] = []
    while true {
        let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = max(0, read(STDIN_FILENO, buffer.baseAddress, buffer.count))
        }
        if chunk.isEmpty { return all }
        all += chunk
    }
}

struct Message {
    var method = ""
    var target = ""
    var fields: [String] = []
    var body: [UInt8] = []
    var isComplete = false

    var json: String {
        "{\"method\":\"\(Hex.encode(Array(method.utf8)))\",\"target\":\"\(Hex.encode(Array(target.utf8)))\","
            + "\"fields\":[\(fields.joined(separator: ","))],\"body\":\"\(Hex.encode(body))\",\"complete\":\(isComplete)}"
    }
}

/// As a server reads: nothing more after the message that closes the connection.
func transcript(_ input: Span<UInt8>) -> String {
    var parser = HTTP1RequestParser()
    var messages: [Message] = []
    var position = 0
    var error = "null"
    reading: while true {
        let (consumed, event) = parser.next(input.extracting(position..<input.count))
        switch event {
        case .needMore: break reading
        case .head(let request):
            let storage = request.fields.storage
            var message = Message(method: request.method.description, target: request.target)
            for index in 0..<request.fields.count {
                let name = Hex.encode(Array(storage[request.fields.nameRange(at: index)]))
                let value = Hex.encode(Array(storage[request.fields.valueRange(at: index)]))
                message.fields.append("[\"\(name)\",\"\(value)\"]")
            }
            messages.append(message)
        case .body(let range):
            for index in range { messages[messages.count - 1].body.append(input[position + index]) }
        case .end:
            messages[messages.count - 1].isComplete = true
            if !parser.keepAlive { break reading }
        case .failed(let reason):
            error = "\"\(reason)\""
            break reading
        }
        position += consumed
    }
    return "{\"messages\":[\(messages.map(\.json).joined(separator: ","))],\"error\":\(error)}"
}

let input = readAll()
var position = 0
while position + 4 <= input.count {
    let count = input[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
    position += 4
    guard count <= input.count - position else { exit(2) }
    print(transcript(input.span.extracting(position..<position + count)))
    position += count
}
