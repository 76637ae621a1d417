import Delegation
import OAuth
import Testing

@testable import ResourceServer

@Suite("What is remembered of tokens")
struct AnswerCacheTests {
    private let start = ContinuousClock.now
    private let now: Int64 = 1_800_000_000

    private func token(_ user: String = "u1", _ client: String = "c1", _ installation: String = "i1") -> FeedChange.Concerns {
        FeedChange.Concerns(user: user, client: client, installation: installation)
    }

    private func answer(_ token: FeedChange.Concerns, until end: Int64? = nil) -> AnswerCache.Answer {
        AnswerCache.Answer(
            caller: VerifiedCaller(user: token.user ?? "", client: token.client ?? "", accounts: ["a"], scope: ["dns.read"]),
            token: token, expiresAt: end ?? now + 600)
    }

    /// A cache that the feed has begun to follow, with one answer in it.
    private func cache(_ answers: [[UInt8]: FeedChange.Concerns] = [:], capacity: Int = 100) -> AnswerCache {
        var cache = AnswerCache(capacity: capacity)
        cache.reset(issuedBefore: now, at: start - .seconds(60))
        for (key, token) in answers { cache.keep(answer(token), key, askedAfter: cache.number, at: start) }
        return cache
    }

    @Test("an answer is there until the token expires, and not in that second any more")
    func expiry() {
        var cache = cache([[1]: token()])
        #expect(cache.answer([1], now: now + 599) == answer(token()))
        #expect(cache.answer([1], now: now + 600) == nil)
        #expect(cache.count == 0)
        #expect(cache.answer([2], now: now) == nil)
    }

    @Test(
        "a change drops the answers that it concerns, and no others",
        arguments: [
            (FeedChange.Concerns(), [false, false, false, false]),
            (FeedChange.Concerns(user: "u1"), [false, false, false, true]),
            (FeedChange.Concerns(client: "c1"), [false, false, true, false]),
            (FeedChange.Concerns(user: "u1", client: "c1"), [false, false, true, true]),
            (FeedChange.Concerns(user: "u1", client: "c1", installation: "i2"), [true, false, true, true]),
            (FeedChange.Concerns(user: "u3"), [true, true, true, true]),
        ])
    func drops(concerns: FeedChange.Concerns, left: [Bool]) {
        var cache = cache([
            [1]: token(), [2]: token("u1", "c1", "i2"), [3]: token("u1", "c2", "i3"), [4]: token("u2", "c1", "i4"),
        ])
        cache.apply(concerns, issuedBefore: now + 5, at: start)
        #expect((1...4).map { cache.answer([$0], now: now) != nil } == left)
    }

    @Test("an answer that was asked for before a change is not kept, and neither is one from shortly after it")
    func overtaken() {
        var cache = cache()
        let asked = cache.number
        cache.apply(FeedChange.Concerns(user: "u1", client: "c1"), issuedBefore: now + 5, at: start)
        cache.keep(answer(token()), [1], askedAfter: asked, at: start + .seconds(60))
        #expect(cache.answer([1], now: now) == nil)
        cache.keep(answer(token()), [1], askedAfter: cache.number, at: start + .seconds(4))
        #expect(cache.answer([1], now: now) == nil)
        cache.keep(answer(token("u2")), [2], askedAfter: asked, at: start)
        #expect(cache.answer([2], now: now) != nil)
        cache.keep(answer(token()), [1], askedAfter: cache.number, at: start + .seconds(5))
        #expect(cache.answer([1], now: now) != nil)
    }

    @Test("an answer from before more changes than are remembered is not kept")
    func longOvertaken() {
        var cache = cache()
        let asked = cache.number
        for number in 0..<1100 {
            cache.apply(FeedChange.Concerns(user: "other\(number)"), issuedBefore: now, at: start)
        }
        cache.keep(answer(token()), [1], askedAfter: asked, at: start + .seconds(60))
        #expect(cache.answer([1], now: now) == nil)
    }

    @Test("shortly after the feed began nothing is kept: of a change just before it nobody tells, and another node may not know it yet")
    func begun() {
        var cache = AnswerCache(capacity: 10)
        cache.reset(issuedBefore: now, at: start)
        cache.keep(answer(token()), [1], askedAfter: cache.number, at: start + AnswerCache.settling - .milliseconds(1))
        #expect(cache.answer([1], now: now) == nil)
        cache.keep(answer(token()), [1], askedAfter: cache.number, at: start + AnswerCache.settling)
        #expect(cache.answer([1], now: now) != nil)
    }

    @Test("before the feed has begun every JWT is in doubt; then those from before it, and those from before a change that concerns them")
    func doubts() {
        var cache = AnswerCache(capacity: 10)
        #expect(cache.isDoubted(token(), issuedAt: now + 1_000_000))
        cache.reset(issuedBefore: now + 5, at: start)
        #expect(cache.isDoubted(token(), issuedAt: now + 4))
        #expect(!cache.isDoubted(token(), issuedAt: now + 5))
        cache.apply(FeedChange.Concerns(user: "u1", client: "c1"), issuedBefore: now + 60, at: start)
        #expect(cache.isDoubted(token(), issuedAt: now + 59))
        #expect(!cache.isDoubted(token(), issuedAt: now + 60))
        #expect(!cache.isDoubted(token("u2"), issuedAt: now + 30))
        #expect(!cache.isDoubted(token("u1", "c2"), issuedAt: now + 30))
        cache.apply(.everything, issuedBefore: now + 90, at: start)
        #expect(cache.isDoubted(token("u2"), issuedAt: now + 89))
        #expect(!cache.isDoubted(token("u2"), issuedAt: now + 90))
    }

    @Test("more doubts than are remembered become a doubt about all")
    func manyDoubts() {
        var cache = cache()
        for number in 0...20_000 {
            cache.apply(FeedChange.Concerns(user: "other\(number)"), issuedBefore: now + 7, at: start)
        }
        #expect(cache.isDoubted(token("nobody"), issuedAt: now + 6))
        #expect(!cache.isDoubted(token("nobody"), issuedAt: now + 7))
    }

    @Test("it holds twice its capacity at most, and keeps what is used")
    func bounded() {
        var cache = cache(capacity: 10)
        for number in 0..<100 {
            cache.keep(answer(token("u\(number)")), [UInt8(number)], askedAfter: cache.number, at: start)
            #expect(cache.answer([0], now: now) != nil)
            #expect(cache.count <= 20)
        }
        cache.apply(FeedChange.Concerns(user: "u0"), issuedBefore: now, at: start)
        #expect(cache.answer([0], now: now) == nil)
    }

    @Test("a refusal is remembered for a second, and not past a change")
    func refusals() {
        var cache = cache()
        cache.refuse([1], at: start)
        #expect(cache.isRefused([1], at: start + .milliseconds(999)))
        #expect(!cache.isRefused([1], at: start + .seconds(1)))
        cache.apply(FeedChange.Concerns(user: "u9"), issuedBefore: now, at: start)
        #expect(!cache.isRefused([1], at: start))
    }
}
