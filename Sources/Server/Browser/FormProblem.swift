import HTTPTypes
import Hummingbird

/// Why a form was not done, for the page that shows it again with what was filled in.
struct FormProblem {
    let status: HTTPResponse.Status
    let texts: [String]
    private let retryAfter: Int64?

    /// nil for what the form cannot help with: a thing that is not there or not allowed at all, a server that cannot answer.
    init?(_ error: any Error) {
        switch error {
        case let problem as InvalidInput: self.init(.badRequest, problem.problems.map(\.text))
        case AccessProblem.exceeding(let problem): self.init(.forbidden, [problem.text])
        case AccessProblem.conflict(let text): self.init(.conflict, [text])
        case AccessProblem.tooOften(let text, let seconds): self.init(.tooManyRequests, [text], retryAfter: seconds)
        default: return nil
        }
    }

    private init(_ status: HTTPResponse.Status, _ texts: [String], retryAfter: Int64? = nil) {
        self.status = status
        self.texts = texts
        self.retryAfter = retryAfter
    }

    /// The page that was made for it.
    func response(_ html: String) -> Response {
        var response = Response.page(status, html)
        if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
        return response
    }
}

extension Response {
    /// A page that shows a form: as it is asked for, or again with what is wrong.
    static func page(_ html: String, _ problem: FormProblem?) -> Response { problem?.response(html) ?? .page(.ok, html) }
}
