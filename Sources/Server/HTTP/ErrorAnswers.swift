import HTTPTypes
import Hummingbird
import Logging
import OAuth
import Storage

/// The one place that turns what was thrown into HTTP, in the form that the endpoint's clients expect.
struct ErrorAnswers: Sendable {
    let platformName: String

    /// The same whichever way the request came, so that no endpoint answers otherwise where its connection runs it.
    func answer(to error: any Error, shape: ErrorShape, _ exchange: Exchange) -> Answer {
        switch error {
        case let problem as RequestProblem: return answer(problem.status, "invalid_request", problem.description, shape, exchange)
        case let problem as EndpointError: return problem.answer
        case let problem as PageProblem: return page(problem, exchange)
        case let problem as EnvelopeError: return problem.answer
        case AccessProblem.notFound(let text): return refused(.notFound, "not_found", text, shape, exchange)
        case AccessProblem.forbidden(let text): return refused(.forbidden, "forbidden", text, shape, exchange)
        case AccessProblem.exceeding(let problem): return exceeding(problem, shape, exchange)
        case AccessProblem.conflict(let text): return hindered(.conflict(text), shape, exchange)
        case AccessProblem.tooOften(let text, let seconds): return hindered(.tooOften(text, retryAfter: seconds), shape, exchange)
        case let problem as InvalidInput: return invalid(problem, shape, exchange)
        default:
            report(error, exchange)
            return unavailable(shape, exchange)
        }
    }

    private func report(_ error: any Error, _ exchange: Exchange) {
        switch error {
        case is CancellationError: break
        case let problem as StorageError:
            exchange.log.error("storage failed", metadata: ["request": "\(exchange.id)", "problem": "\(problem)"])
        default:
            exchange.log.error(
                "a request failed", metadata: ["request": "\(exchange.id)", "problem": "\(String(reflecting: type(of: error)))"])
        }
    }

    func methodNotAllowed(_ shape: ErrorShape, _ exchange: Exchange) -> Answer {
        answer(.methodNotAllowed, "invalid_request", "This address does not answer \(exchange.method.rawValue).", shape, exchange)
    }

    /// Probed well-known addresses and programs get JSON; people get a page.
    func notFound(_ exchange: Exchange) -> Response {
        let path = exchange.path
        if path.hasPrefix("/api/") { return EnvelopeError.notFound("There is nothing at this path.").response }
        if path.hasPrefix("/.well-known/") || path.hasPrefix("/oauth2/") || path.hasPrefix("/health/") || path.hasPrefix("/verify") {
            return .json(.notFound, ["error": "not_found", "error_description": "There is nothing at this path."])
        }
        return .page(.notFound, NotFoundPage(frame: PageFrame(platformName: platformName)).html)
    }

    private func refused(
        _ status: HTTPResponse.Status, _ code: String, _ text: String, _ shape: ErrorShape, _ exchange: Exchange
    ) -> Answer {
        guard shape == .page else { return answer(status, code, text, shape, exchange) }
        let title = status == .notFound ? "There is nothing here" : "Not allowed"
        return page(PageProblem(status: status, title: title, explanation: text), exchange)
    }

    private func hindered(_ problem: EnvelopeError, _ shape: ErrorShape, _ exchange: Exchange) -> Answer {
        guard shape == .page else { return problem.answer }
        let page = PageProblem(
            status: problem.status, title: "Not possible now", explanation: problem.message, retryAfter: problem.retryAfter)
        return self.page(page, exchange)
    }

    private func exceeding(_ problem: InvalidInput.Problem, _ shape: ErrorShape, _ exchange: Exchange) -> Answer {
        guard shape == .envelope else { return refused(.forbidden, "forbidden", problem.text, shape, exchange) }
        var error = EnvelopeError.forbidden(problem.text)
        error.pointer = problem.pointer
        return error.answer
    }

    private func invalid(_ problem: InvalidInput, _ shape: ErrorShape, _ exchange: Exchange) -> Answer {
        guard shape == .envelope else {
            return answer(.badRequest, "invalid_request", problem.problems.map(\.text).joined(separator: " "), shape, exchange)
        }
        return EnvelopeError.invalid(problem).answer
    }

    private func unavailable(_ shape: ErrorShape, _ exchange: Exchange) -> Answer {
        var answer = answer(
            .serviceUnavailable, "temporarily_unavailable", "The server cannot answer right now. Try again shortly.", shape, exchange)
        answer.headers[.retryAfter] = "2"
        return answer
    }

    private func answer(
        _ status: HTTPResponse.Status, _ code: String, _ description: String, _ shape: ErrorShape, _ exchange: Exchange
    ) -> Answer {
        switch shape {
        case .page: page(PageProblem(status: status, title: status.reasonPhrase, explanation: description), exchange)
        case .envelope: EnvelopeError(status: status, code: Int64(status.code) * 10, message: description).answer
        case .oauth: .json(status, ["error": .string(code), "error_description": .string(description)])
        case .gateway: VerifyEndpoint.answer(status == .serviceUnavailable ? .serviceUnavailable : .forbidden, code, description)
        }
    }

    private func page(_ problem: PageProblem, _ exchange: Exchange) -> Answer {
        var headers = HTTPFields()
        if let seconds = problem.retryAfter { headers[.retryAfter] = String(seconds) }
        let page = ErrorPage(
            frame: PageFrame(platformName: platformName), title: problem.title, explanation: problem.explanation, remedy: problem.remedy,
            details: problem.details.map { ErrorPage.Detail(name: $0.name, value: $0.value) }, requestID: exchange.id)
        return .page(problem.status, page.html, headers: headers)
    }
}

/// An error that is shown to the person at the browser and goes nowhere else.
struct PageProblem: Error {
    var status: HTTPResponse.Status = .badRequest
    var title: String
    var explanation: String
    var remedy: String?
    /// Facts for whoever built the app, such as the two redirect URIs that differ.
    var details: [(name: String, value: String)] = []
    var retryAfter: Int64?
}

/// An error of a token-side endpoint (RFC 6749 §5.2), complete with its headers.
struct EndpointError: Error {
    private(set) var answer: Answer

    init(_ status: HTTPResponse.Status, _ code: String, _ description: String, challenge: String? = nil) {
        var headers: HTTPFields = [:]
        if let challenge { headers[.wwwAuthenticate] = challenge }
        answer = .json(status, ["error": .string(code), "error_description": .string(description)], headers: headers)
    }

    /// RFC 6750 §3.1: where no token was sent, the challenge carries no error and there is no body.
    static func missingToken(challenge: String) -> EndpointError {
        EndpointError(Answer(.unauthorized, headers: [.wwwAuthenticate: challenge, .cacheControl: "no-store"]))
    }

    /// RFC 9110 §15.6.4.
    static func unavailable(_ description: String) -> EndpointError {
        var error = EndpointError(.serviceUnavailable, "temporarily_unavailable", description)
        error.answer.headers[.retryAfter] = "2"
        return error
    }

    private init(_ answer: Answer) { self.answer = answer }
}
