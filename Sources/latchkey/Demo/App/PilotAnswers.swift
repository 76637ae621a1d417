import HTTPTypes
import Hummingbird
import NIOCore
import OAuth

/// The forms that the app's answers take.
struct PilotAnswers: Sendable {
    let pages: PilotPages

    /// Cookies do not tell ports apart, so the name must not be one that Latchkey's own pages on this host use.
    static let cookie = "dns_pilot_session"

    func page(_ view: some PilotView, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: Self.headers(contentType: "text/html; charset=utf-8"),
            body: .init(byteBuffer: ByteBuffer(string: pages.html(view))))
    }

    func message(_ status: HTTPResponse.Status, _ title: String, _ text: String, offersConnection: Bool = true) -> Response {
        page(PilotMessageView(title: title, text: text, offersConnection: offersConnection), status)
    }

    var disconnected: Response {
        message(
            .ok, "Your account is no longer connected",
            "The permission that you gave to DNS Pilot has ended. It can do nothing for you until you connect again.")
    }

    static var style: Response {
        Response(
            status: .ok, headers: headers(contentType: "text/css; charset=utf-8"),
            body: .init(byteBuffer: ByteBuffer(string: PilotTemplates.style)))
    }

    /// RFC 9110 §15.4.4: the browser goes on with GET.
    static func redirect(to location: String, session id: String? = nil) -> Response {
        var headers: HTTPFields = [.location: location, .cacheControl: "no-store"]
        if let id { headers[.setCookie] = "\(cookie)=\(id); Path=/; HttpOnly; SameSite=Lax" }
        return Response(status: .seeOther, headers: headers)
    }

    /// The session cookie's value; nil where it is missing or sent twice.
    static func sessionID(_ request: Request) -> String? {
        let values = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }.compactMap { pair -> Substring? in
            let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            return parts.count == 2 && parts[0] == cookie[...] ? parts[1] : nil
        }
        return values.count == 1 ? String(values[0]) : nil
    }

    private static func headers(contentType: String) -> HTTPFields {
        var headers: HTTPFields = [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        if let policy = HTTPField.Name("Referrer-Policy") { headers[policy] = "no-referrer" }
        return headers
    }
}

/// What ends a request early with a page of its own.
enum PilotProblem: Error {
    case notFound
    /// The browser has no session, or its account is not connected.
    case notConnected
    case disconnected
    case foreignForm
    case unreadable
}

/// Every thrown error becomes a page.
struct PilotErrors: RouterMiddleware {
    let answers: PilotAnswers

    func handle(
        _ request: Request, context: BasicRequestContext, next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let response = try await answer(request, context, next)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, _ context: BasicRequestContext, _ next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as PilotProblem {
            return page(for: problem)
        } catch let error as HTTPError where error.status == .notFound {
            return page(for: .notFound)
        } catch is HTTPError {
            return page(for: .unreadable)
        } catch is NIOTooManyBytesError {
            return answers.message(.contentTooLarge, "Too large", "That was more than DNS Pilot takes.", offersConnection: false)
        }
    }

    private func page(for problem: PilotProblem) -> Response {
        switch problem {
        case .notFound: answers.message(.notFound, "Nothing here", "DNS Pilot has no such page.", offersConnection: false)
        case .notConnected: PilotAnswers.redirect(to: "/")
        case .disconnected: answers.disconnected
        case .foreignForm:
            answers.message(
                .forbidden, "Out of date", "This form is not from your current visit. Go back and try again.", offersConnection: false)
        case .unreadable:
            answers.message(.badRequest, "Not understood", "DNS Pilot cannot read that request.", offersConnection: false)
        }
    }
}
