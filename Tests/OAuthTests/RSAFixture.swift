import OAuth

/// An RSA key made for these tests and used nowhere else.
enum RSAFixture {
    static let privateKey = StandardBase64.decode(
        """
        MIIEowIBAAKCAQEA3qFPurVnWtf7Dd2WU2VfNAqQncxYszDK2/MvDoyFly7FWkljvKcxtqfzMAI5im/VIZLxzWJnIT+vu+RmsyWByQxIeqnmdvTsLQG9Bc
        VtNYkgOoZl+2dHlfi+ADyYQSCQA4tCHFFFy16xPLrMcoGbxUpKoLoi/fRHakBdAQxVQv6T0CVT6zppwXE8FHmCj8hoGOuFLNh8X/yPUouAQXSn/3XiizI/
        ODO+2NJe2g+9aN4aB3Xpl8159pU3YlTvz5H4gYUpVSpewlSnczcwKng7+1DqiTvpOOiwKmBPzk75/3MhuUGAvLVdL+b2iyfDaqbUMOSM6Uy1I8bwkm3j20
        Ts5wIDAQABAoIBAAym9T2CprOKd7mTgMIPjkgKW6qkHNxeJwE2AlQc11C+tzeI2TK0+8XKKK9vSO7dqSqly7kk4QCKOoX+lnmS5ZvT52CVPERBahSqtx/X
        VvwGZX79+Vi+x1o2DzI7P1ngLF8PMHwkgEdtA7yUTx8oz334WWJmAawWEGLw8ngnR8ctTnD3ZBzA490wb6PgLaWEsz9BwE46LZH9SZS2L0Sj4VDMApTTD3
        DKGfGx7ZgAmiTU6w/zLBzH1Rei2vCf8LRNoZT0mXqi2jYPttBCHx1y2n2y+Fa46jiX0y3LjuqS8FSXrU9/UcpDd2iXSo2tTVrghBa8pgnJvAqpo4ZWQnmM
        6dECgYEA/Zgw9qnhaXLK7X41vF7/vW/QkL60u7PAAVj6uHfE6Vukr5Ee6BifQKCRH13fcYY7/pizXeJIwJTAlzgYwFNf4gyXXJbYk8uX1ROrgBTSYQTpvW
        w9gcTCD8Io4VU3hZ1Fr0sywpm3aX7Q+JGsR+LuWw9aEGGXZAhMdTP/rJxJoVcCgYEA4L3twqmVK3d9zMuu/265SU0+CgxvcVeZrzU1XZJG0z96OXvNJQbM
        bTAMyLeqHhQeE4mM02bj9sOKJaXcjcWDB6xIHu7kRo23knyf54OFfFiyBmcbI4s+C9SGbULWBsAi7/XvliC0xc7Mti8a1xshMR1dwYsgUCbx02Jukom0Bv
        ECgYEA4rChVF4XugN7k0E3F+R0CAtkDX/sX74W7R11QmEODOx3EtpPHnqkIUlncPqhOwIbr0MhU9Nr5XsTjhn/Ri1BkPhgdcwCXluopjinHh9+0Gtr5oBT
        myUftKaDlKpwr2gfWsuF3J88bXmHpCvULY6WM6BNikcy5aDld/+7lbk/uJECgYABNsVsAcJ+g5y4WHlPg+eYT8SABWUstY5s9dqd8MZVKcidOt/2zTyZcm
        L/So6urukireGG2s1sbc33Ohgg4+o7RmD1WdD92JIfRnEOrRUxgMEla7Un0f65zaIUQQIq8yq9JRTwOKkBUIamjUaV1t2tCD2TaA76n9s6ixOR0xCX4QKB
        gCatOjaJB4PFDFQXlngM5DKKmbbFM66JgT44PDl/hhrXnYWGtw/hCHJT7kOSD5qaej37S/CgHidi5qQ1I9YQ5QR6Ya2O63sSeV2s4HryZyFSv9QvC72ePz
        xHhu/xj1B6FnRMzw8I3sxUcjC51QiPxkgfh5y8XicrGdJJsPoY+NhK
        """)
}

/// RFC 4648 §4, for fixtures.
enum StandardBase64 {
    static func decode(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var pending = 0
        var bits = 0
        for character in text.utf8 {
            guard let digit = alphabet.firstIndex(of: character) else { continue }
            pending = (pending << 6 | digit) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        return bytes
    }

    static func encode(_ text: String) -> String {
        let url = Base64URL.encode(Array(text.utf8)).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(url) + String(repeating: "=", count: (4 - url.count % 4) % 4)
    }
}
