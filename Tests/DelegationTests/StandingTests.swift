import Delegation
import OAuth
import Testing

@Suite struct StandingTests {
    @Test func `a copy that is changed changes no other`() {
        let kept = Fixture.standing()
        let changes: [@Sendable (inout Standing) -> Void] = [
            { $0.family.generation += 1 }, { $0.authorization.endedAt = 5 }, { $0.client.name = "Other" },
            { $0.clientAccount.name = "Other" }, { $0.user.name = "Other" }, { $0.memberships = [] },
            { $0.reach[Fixture.pineID] = NarrowedResources() },
        ]
        for change in changes {
            var copy = kept
            change(&copy)
            #expect(copy != kept)
            #expect(kept == Fixture.standing())
            let second = copy
            change(&copy)
            #expect(second != kept)
        }
    }
}
