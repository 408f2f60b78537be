import Dispatch

/// How long a poll waits at the server, seconds: the most that it may.
private let wait: UInt32 = 25

/// The longest pause between two tries, seconds.
private let longest: Int64 = 60

/// A poll that nothing came of in less was not waited for: something ended it.
private let atOnce: Duration = .seconds(1)

/// Makes a call that takes long on a thread of a queue. When the task is cancelled the call is given up at once: `call` hands the
/// ``Cancel`` on. In a task that is cancelled already nothing is called.
///
/// ```swift
/// let prompt = try await waiting { try phone.fetch(account: account, challenge: challenge, cancel: $0) }
/// ```
///
/// An answer that was signed just before isn't lost: the call gives ``Sent/queued(error:)`` then, and it stands in
/// ``Authenticator/outbox()`` until it was sent.
///
/// - Parameters:
///   - queue: a concurrent one: a call may block its thread for half a minute.
///   - call: what is called. It gets what gives it up.
/// - Throws: what the call throws; `CancellationError` when it was given up for the task's sake.
public func waiting<Answer: Sendable>(
    on queue: DispatchQueue = .global(qos: .userInitiated),
    _ call: @escaping @Sendable (Cancel) throws -> Answer
) async throws -> Answer {
    try Task.checkCancellation()
    let cancel = Cancel()
    do {
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answered in
                queue.async {
                    answered.resume(with: Result { try call(cancel) })
                }
            }
        } onCancel: {
            // It fails only where the library is broken: then the call tells.
            try? cancel.cancel()
        }
    } catch AuthError.Cancelled {
        // Given up for the task's sake, or by the person.
        try Task.checkCancellation()
        throw AuthError.Cancelled
    }
}

extension Authenticator {
    /// What comes for an ID, for as long as somebody iterates; asked for one at a time, so that nothing piles up.
    ///
    /// One stream per ID, and one who iterates it: share what it brings. The server holds one poll of an ID, and a second one ends the
    /// first: two streams get in each other's way, and what comes is told to one of them.
    ///
    /// - Parameters:
    ///   - account: the ID's name on this phone.
    ///   - queue: as for ``waiting(on:_:)``.
    ///   - trouble: is told what goes away by itself (``AuthError/mayPass``); it is tried again after a pause.
    /// - Returns: a stream that anything else ends, as does the end of the ID. It ends without an error when the task is cancelled.
    public func arrivals(
        of account: String,
        on queue: DispatchQueue = .global(qos: .userInitiated),
        trouble: @escaping @Sendable (AuthError) async -> Void = { _ in }
    ) -> AsyncThrowingStream<Arrivals, any Error> {
        let asking = Asking(trouble: trouble) {
            try await waiting(on: queue) { try self.poll(account: account, wait: wait, cancel: $0) }
        }
        return AsyncThrowingStream { try await asking.next() }
    }
}

/// Polls again and again, and less often while that fails.
actor Asking {
    private let trouble: @Sendable (AuthError) async -> Void
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sleep: @Sendable (Int64) async throws -> Void
    private let poll: @Sendable () async throws -> Arrivals
    /// Tries that failed, one after another.
    private var failed = 0
    /// What the last arrivals, which are told first, ask for before the next poll.
    private var behind = Behind.nothing

    private enum Behind {
        case nothing
        /// They were ended at once.
        case silence
        /// What came with them.
        case error(AuthError)
    }

    init(
        trouble: @escaping @Sendable (AuthError) async -> Void,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Int64) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        poll: @escaping @Sendable () async throws -> Arrivals
    ) {
        (self.trouble, self.now, self.sleep, self.poll) = (trouble, now, sleep, poll)
    }

    func next() async throws -> Arrivals? {
        do {
            try await rest()
            while true {
                let begun = now()
                do {
                    let arrivals = try await poll()
                    if let error = arrivals.error {
                        behind = .error(error)
                    } else if arrivals.isEmpty && now() - begun < atOnce {
                        behind = .silence
                    } else {
                        failed = 0
                    }
                    return arrivals
                } catch let error as AuthError {
                    behind = .error(error)
                    try await rest()
                }
            }
        } catch is CancellationError {
            return nil
        }
    }

    /// A pause after what may pass; anything else is the end.
    private func rest() async throws {
        let before = behind
        behind = .nothing
        switch before {
        case .nothing:
            return
        case .silence:
            failed += 1
            try await sleep(backoff(after: failed))
        case .error(let error):
            guard error.mayPass else { throw error }
            failed += 1
            await trouble(error)
            try await sleep(error.pause(after: failed))
        }
    }
}

extension Arrivals {
    fileprivate var isEmpty: Bool {
        prompts.isEmpty && renewed.isEmpty && refused.isEmpty && cancelled.isEmpty && notices.isEmpty && verdicts.isEmpty
    }
}

private func backoff(after failed: Int) -> Int64 {
    min(1 << Int64(min(max(failed - 1, 0), 6)), longest)
}

extension AuthError {
    /// The stable name of what went wrong, in the catalogue of texts.
    public var code: String {
        switch self {
        case .Retry(let code, _, _), .Expired(let code), .Reenrol(let code), .Refused(let code), .Misuse(let code),
            .Broken(let code):
            code
        case .Cancelled:
            "cancelled"
        }
    }

    /// Whether the same call may succeed later without anybody doing anything. A network that isn't genuine may be another in a minute.
    public var mayPass: Bool {
        switch self {
        case .Retry(let code, _, _):
            code.hasPrefix("net.") || code.hasPrefix("srv.") || code == "key.busy"
        case .Refused(let code):
            code == "net.tls"
        case .Expired, .Reenrol, .Misuse, .Broken, .Cancelled:
            false
        }
    }

    /// Seconds until the next try, after so many that failed: 1, 2, 4 … 60, and no less than the server asks.
    public func pause(after failed: Int) -> Int64 {
        guard case .Retry(_, let asked?, _) = self else { return backoff(after: failed) }
        return max(asked, backoff(after: failed))
    }
}
