import Countersign
import Foundation

/// What calls take, as `countersign-phone measure` tells it; `empty` is the least that a call can be.
func measure(_ phone: Authenticator, _ voice: Voice, began: ContinuousClock.Instant) throws {
    _ = try phone.accounts()
    let start = began.duration(to: .now)
    let prompts = try phone.pending()
    guard let first = prompts.first else { throw Trouble.usage("nothing waits") }
    func tell(_ call: String, _ took: Duration) {
        voice.say(["event": "measured", "call": call, "ns": took.components.attoseconds / 1_000_000_000])
    }
    tell("start", start)
    let pin = PinEntry()
    tell("empty", try repeated { _ = try pin.dots() })
    tell("accounts", try repeated { _ = try phone.accounts() })
    tell("show", try repeated { _ = try phone.show(prompt: first.id) })
    let approved = try prompts.map { prompt in
        try time { _ = try phone.approve(prompt: prompt.id, number: "00", pin: nil) }
    }
    tell("approve", median(approved))
}

private func time(_ call: () throws -> Void) rethrows -> Duration {
    let begin = ContinuousClock.now
    try call()
    return begin.duration(to: .now)
}

/// The median of 2000, after 500 that aren't counted.
private func repeated(_ call: () throws -> Void) rethrows -> Duration {
    for _ in 0..<500 { try call() }
    return median(try (0..<2000).map { _ in try time(call) })
}

private func median(_ times: [Duration]) -> Duration {
    times.sorted()[times.count / 2]
}
