import Delegation
import OAuth

/// Code that connects with a client's real values; never with its secret. Each value is quoted for the language that it stands in.
struct ExampleCode {
    let issuer: String
    let clientID: String
    let redirectURI: String
    let scopes: String
    let method: Client.AuthenticationMethod
    /// Of the client's own key, where it proves itself by one.
    var algorithm: SigningAlgorithm?
    let authorizeURL: String

    func listings(_ kind: ClientKind) -> [ClientTrialPage.Listing] {
        let own =
            switch kind {
            case .webApp, .agent: method == .privateKeyJWT ? pythonWithKey : python
            case .singlePage: javaScript
            case .native: shell
            }
        return [own, curl]
    }

    private var curl: ClientTrialPage.Listing {
        let proof =
            switch method {
            case .basic: "  -u \(quotedForShell(clientID)):\"$CLIENT_SECRET\" \\\n"
            case .post: "  -d client_id=\(clientID) --data-urlencode \"client_secret=$CLIENT_SECRET\" \\\n"
            case .privateKeyJWT:
                "  -d client_assertion_type=\(ClientAssertion.type) \\\n"
                    + "  -d client_assertion=\"$ASSERTION\" `# a new JWT each time: iss and sub are the client, aud is the issuer` \\\n"
            case .none: "  -d client_id=\(clientID) \\\n"
            }
        let code = """
            # 1. Open this in a browser and allow it; copy the code from the address that you come back to.
            \(authorizeURL)

            # 2. Redeem the code, with the verifier from above.
            curl \(quotedForShell(issuer + "/oauth2/token")) \\
            \(proof)  -d grant_type=authorization_code \\
              --data-urlencode redirect_uri=\(quotedForShell(redirectURI)) \\
              -d code="$CODE" -d code_verifier="$VERIFIER"

            # 3. Later, a new access token. Keep the new refresh token that comes with it.
            curl \(quotedForShell(issuer + "/oauth2/token")) \\
            \(proof)  -d grant_type=refresh_token -d refresh_token="$REFRESH_TOKEN"
            """
        return .init(id: "code-curl", heading: "By hand, with curl", explanation: "What every library does for you.", code: code)
    }

    private var python: ClientTrialPage.Listing {
        let code = """
            # pip install authlib requests
            import os
            from authlib.integrations.requests_client import OAuth2Session

            issuer = \(quoted(issuer))
            session = OAuth2Session(
                client_id=\(quoted(clientID)),
                client_secret=os.environ["CLIENT_SECRET"],
                token_endpoint_auth_method=\(quoted(method.rawValue)),
                redirect_uri=\(quoted(redirectURI)),
                scope=\(quoted(scopes)),
                code_challenge_method="S256",
            )

            # 1. Send the person here; keep state and verifier in their session.
            verifier = os.urandom(32).hex()
            url, state = session.create_authorization_url(issuer + "/oauth2/auth", code_verifier=verifier)

            # 2. They come back to your redirect URI with a code.
            def on_callback(callback_url):
                token = session.fetch_token(
                    issuer + "/oauth2/token", authorization_response=callback_url, state=state, code_verifier=verifier)
                return token["access_token"], token.get("refresh_token")
            """
        return .init(
            id: "code-python", heading: "In Python, with Authlib", explanation: "On your server, where the secret is.", code: code)
    }

    private var pythonWithKey: ClientTrialPage.Listing {
        let algorithm = algorithm ?? .es256
        let key =
            switch algorithm {
            case .es256: "ECKey"
            case .edDSA: "OKPKey"
            case .rs256: "RSAKey"
            }
        let code = """
            # pip install authlib requests
            import os, time
            from authlib.integrations.requests_client import OAuth2Session
            from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
            from joserfc.jwk import \(key)

            issuer = \(quoted(issuer))

            class OwnKey(PrivateKeyJWT):
                def sign(self, auth, token_endpoint):
                    # For this issuer alone, good for a minute and once.
                    return private_key_jwt_sign(
                        auth.client_secret, client_id=auth.client_id, token_endpoint=issuer, alg=\(quoted(algorithm.rawValue)),
                        claims={"exp": int(time.time()) + 60})

            session = OAuth2Session(
                client_id=\(quoted(clientID)),
                client_secret=\(key).import_key(open("private-key.pem").read()),
                token_endpoint_auth_method="private_key_jwt",
                redirect_uri=\(quoted(redirectURI)),
                scope=\(quoted(scopes)),
                code_challenge_method="S256",
            )
            session.register_client_auth_method(OwnKey())

            # 1. Send the person here; keep state and verifier in their session.
            verifier = os.urandom(32).hex()
            url, state = session.create_authorization_url(issuer + "/oauth2/auth", code_verifier=verifier)

            # 2. They come back to your redirect URI with a code.
            def on_callback(callback_url):
                token = session.fetch_token(
                    issuer + "/oauth2/token", authorization_response=callback_url, state=state, code_verifier=verifier)
                return token["access_token"], token.get("refresh_token")
            """
        return .init(
            id: "code-python", heading: "In Python, with Authlib", explanation: "On your server, where the private key is.", code: code)
    }

    private var javaScript: ClientTrialPage.Listing {
        let code = """
            const issuer = \(quoted(issuer));
            const clientID = \(quoted(clientID));
            const redirectURI = \(quoted(redirectURI));

            const text = bytes => btoa(String.fromCharCode(...bytes)).replace(/[+]/g, "-").replace(/[/]/g, "_").replace(/=/g, "");
            const random = () => text(crypto.getRandomValues(new Uint8Array(32)));

            export async function connect() {
              const verifier = random(), state = random();
              sessionStorage.setItem("connecting", JSON.stringify({ verifier, state }));
              const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
              location.assign(issuer + "/oauth2/auth?" + new URLSearchParams({
                response_type: "code", client_id: clientID, redirect_uri: redirectURI, scope: \(quoted(scopes)),
                state, code_challenge: text(new Uint8Array(digest)), code_challenge_method: "S256",
              }));
            }

            // On the page that people return to.
            export async function finish() {
              const answer = new URLSearchParams(location.search);
              const { verifier, state } = JSON.parse(sessionStorage.getItem("connecting"));
              if (answer.get("state") !== state || answer.get("iss") !== issuer) throw new Error("not the answer to our question");
              const response = await fetch(issuer + "/oauth2/token", { method: "POST", body: new URLSearchParams({
                grant_type: "authorization_code", client_id: clientID, redirect_uri: redirectURI,
                code: answer.get("code"), code_verifier: verifier,
              }) });
              return response.json();
            }
            """
        return .init(id: "code-javascript", heading: "In JavaScript", explanation: "In the browser, without a library.", code: code)
    }

    private var shell: ClientTrialPage.Listing {
        let code = """
            #!/bin/bash
            # Needs openssl, curl and a browser.
            CLIENT_ID=\(quotedForShell(clientID))
            REDIRECT_URI=\(quotedForShell(redirectURI))
            TOKEN_URL=\(quotedForShell(issuer + "/oauth2/token"))
            AUTHORIZE_URL=\(quotedForShell(askingURL))

            base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
            VERIFIER=$(openssl rand 32 | base64url)
            CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | base64url)
            STATE=$(openssl rand -hex 16)

            echo "Open this, allow it, and paste the address that you come back to:"
            echo "$AUTHORIZE_URL&state=$STATE&code_challenge=$CHALLENGE&code_challenge_method=S256"
            read -r ADDRESS
            case "$ADDRESS" in *"state=$STATE"*) ;; *) echo "This is not the answer to our question."; exit 1 ;; esac
            CODE=$(printf %s "$ADDRESS" | sed 's/.*[?&]code=\\([^&]*\\).*/\\1/')

            curl "$TOKEN_URL" -d grant_type=authorization_code -d client_id="$CLIENT_ID" \\
              --data-urlencode redirect_uri="$REDIRECT_URI" -d code="$CODE" -d code_verifier="$VERIFIER"
            """
        return .init(
            id: "code-shell", heading: "In a shell",
            explanation: "A command line without a listener of its own. An app that can listen takes any free port of 127.0.0.1.",
            code: code)
    }

    /// The authorization request but for what each try makes anew.
    private var askingURL: String {
        issuer + "/oauth2/auth?"
            + Parameters.encode([
                ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirectURI), ("scope", scopes),
            ])
    }

    /// For JavaScript and Python: a JSON text is one in both.
    private func quoted(_ text: String) -> String { JSON.string(text).text }

    /// POSIX shell: nothing has a meaning between single quotes.
    private func quotedForShell(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
