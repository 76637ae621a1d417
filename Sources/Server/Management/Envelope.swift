import HTTPTypes
import Hummingbird
import OAuth

/// The management API's envelope around every answer.
enum Envelope {
    static func result(_ result: JSON, info: JSON? = nil, status: HTTPResponse.Status = .ok) -> Response {
        var object: JSONObject = ["success": true, "errors": [], "messages": [], "result": result]
        if let info { object["result_info"] = info }
        return .json(status, .object(object))
    }

    /// One page of a numbered list: SDKs ask on until a page is empty.
    static func page(_ results: [JSON], of total: Int, page: Int, perPage: Int) -> Response {
        result(
            .array(results),
            info: [
                "count": .integer(Int64(results.count)), "page": .integer(Int64(page)), "per_page": .integer(Int64(perPage)),
                "total_count": .integer(Int64(total)),
            ])
    }
}

/// An error of the management API.
struct EnvelopeError: Error {
    let status: HTTPResponse.Status
    /// Stable, for programs; ten times the status and a digit.
    let code: Int64
    let message: String
    /// The member of the request's body that is wrong (RFC 6901).
    var pointer: String?
    /// What else is wrong.
    var others: [InvalidInput.Problem] = []
    var challenge: String?
    /// Seconds.
    var retryAfter: Int64?

    init(status: HTTPResponse.Status, code: Int64, message: String, pointer: String? = nil, challenge: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.pointer = pointer
        self.challenge = challenge
    }

    static func invalid(_ message: String, pointer: String? = nil) -> EnvelopeError {
        EnvelopeError(status: .badRequest, code: 4000, message: message, pointer: pointer)
    }

    static func invalid(_ input: InvalidInput) -> EnvelopeError {
        var error = invalid(input.problems.first?.text ?? "The request is wrong.", pointer: input.problems.first?.pointer)
        error.others = Array(input.problems.dropFirst())
        return error
    }

    /// It is not to be tried again: some SDKs do so on their own at a 409.
    static func conflict(_ message: String) -> EnvelopeError {
        EnvelopeError(status: .conflict, code: 4090, message: message)
    }

    /// A wait of hours is for nobody's loop: SDKs try again on their own at a 429.
    static func tooOften(_ message: String, retryAfter: Int64) -> EnvelopeError {
        var error = EnvelopeError(status: .tooManyRequests, code: 4290, message: message)
        error.retryAfter = retryAfter
        return error
    }

    static func forbidden(_ message: String) -> EnvelopeError {
        EnvelopeError(status: .forbidden, code: 4030, message: message)
    }

    static func notFound(_ message: String) -> EnvelopeError {
        EnvelopeError(status: .notFound, code: 4040, message: message)
    }

    static func unauthorized(_ message: String, challenge: String) -> EnvelopeError {
        EnvelopeError(status: .unauthorized, code: 4010, message: message, challenge: challenge)
    }

    /// The same for the framework.
    var response: Response { answer.response }

    var answer: Answer {
        var errors = [problem(message, pointer)]
        errors += others.map { problem($0.text, $0.pointer) }
        var headers = HTTPFields()
        if let challenge { headers[.wwwAuthenticate] = challenge }
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        if status == .conflict || status == .tooManyRequests { headers[.xShouldRetry] = "false" }
        return .json(status, ["success": false, "errors": .array(errors), "messages": [], "result": .null], headers: headers)
    }

    private func problem(_ message: String, _ pointer: String?) -> JSON {
        var problem: JSONObject = ["code": .integer(code), "message": .string(message)]
        if let pointer, !pointer.isEmpty { problem["source"] = ["pointer": .string(pointer)] }
        return .object(problem)
    }
}
