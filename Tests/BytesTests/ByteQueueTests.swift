import Bytes
import Testing

@Suite struct ByteQueueTests {
    @Test func bytesComeOutInTheOrderInWhichTheyWent() {
        var queue = ByteQueue()
        queue.append([1, 2, 3])
        queue.consume(1)
        queue.append([4].span)
        queue.append(upTo: 8) { out in
            out.append(5)
            out.append(6)
        }
        #expect(queue.bytes == [2, 3, 4, 5, 6])
        queue.consume(5)
        #expect(queue.isEmpty)
    }

    @Test func queueThatNeverRunsEmptyDoesNotGrow() {
        var queue = ByteQueue()
        var next: UInt8 = 0
        var expected: UInt8 = 0
        for _ in 0..<10_000 {
            queue.append([next, next &+ 1, next &+ 2])
            next &+= 3
            while queue.count > 2 {
                #expect(queue.withSpan { $0[0] } == expected)
                expected &+= 1
                queue.consume(1)
            }
        }
        #expect(queue.count == 2)
    }

    @Test func releasedQueueIsEmpty() {
        var queue = ByteQueue()
        queue.append([1, 2])
        queue.consume(1)
        queue.release()
        #expect(queue.isEmpty)
        queue.append([3])
        #expect(queue.bytes == [3])
    }
}
