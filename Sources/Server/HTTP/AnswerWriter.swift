import Delegation
import HTTPTypes
import NIOCore

/// Writes the heads of answers as the bytes of HTTP/1.1 (RFC 9112 §4, §5), for one connection.
struct AnswerWriter {
    private var second: Int64 = -1
    private var date = ""

    /// - Parameter now: epoch seconds.
    /// - Returns: the head, and the body behind it unless that is long.
    mutating func head(of answer: Answer, now: Int64) -> ByteBuffer {
        if now != second {
            second = now
            date = HTTPDate.text(now)
        }
        var output = ByteBufferAllocator().buffer(capacity: 1024)
        output.writeString("HTTP/1.1 ")
        output.writeString(String(answer.status.code))
        output.writeString(" ")
        output.writeString(answer.status.reasonPhrase)
        output.writeString("\r\n")
        for field in answer.headers {
            output.writeString(field.name.rawName)
            output.writeString(": ")
            output.writeString(field.value)
            output.writeString("\r\n")
        }
        output.writeString("Content-Length: ")
        output.writeString(String(answer.body.readableBytes))
        output.writeString("\r\nDate: ")
        output.writeString(date)
        output.writeString("\r\n\r\n")
        return output
    }
}
