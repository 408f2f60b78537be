import Dispatch

/// How long a poll waits at the server, seconds: the most that it may.
private let wait: UInt32 = 25

/// The longest pause between two tries, seconds.
private let longest: Int64 = 60

/// Makes a call that takes long on a thread of a queue. When the task is cancelled the call is given up at once: `call` hands the
/// ``Cancel`` on.
///
/// ```swift
/// let prompt = try await waiting { try phone.fetch(account: account, challenge: challenge, cancel: $0) }
/// ```
///
/// - Parameters:
///   - queue: a concurrent one: a call may block its thread for half a minute.
///   - call: what is called. It gets what gives it up.
/// - Throws: what the call throws; `CancellationError` when it was given up for the task's sake.
public func waiting<Answer: Sendable>(
    on queue: DispatchQueue = .global(qos: .userInitiated),
    _ call: @escaping @Sendable (Cancel) throws -> Answer
) async throws -> Answer {
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
        let asking = Asking(phone: self, account: account, queue: queue, trouble: trouble)
        return AsyncThrowingStream { try await asking.next() }
    }
}

/// Asks an ID's server again and again, and less often while that fails.
private actor Asking {
    private let phone: Authenticator
    private let account: String
    private let queue: DispatchQueue
    private let trouble: @Sendable (AuthError) async -> Void
    /// Tries that failed, one after another.
    private var failed = 0
    /// What came with the last arrivals, which are told first.
    private var behind: AuthError?

    init(
        phone: Authenticator, account: String, queue: DispatchQueue, trouble: @escaping @Sendable (AuthError) async -> Void
    ) {
        (self.phone, self.account, self.queue, self.trouble) = (phone, account, queue, trouble)
    }

    func next() async throws -> Arrivals? {
        do {
            if let error = behind {
                behind = nil
                try await rest(after: error)
            }
            while true {
                do {
                    let arrivals = try await waiting(on: queue) { [phone, account] in
                        try phone.poll(account: account, wait: wait, cancel: $0)
                    }
                    behind = arrivals.error
                    if behind == nil { failed = 0 }
                    return arrivals
                } catch let error as AuthError {
                    try await rest(after: error)
                }
            }
        } catch is CancellationError {
            return nil
        }
    }

    /// A pause after what may pass; anything else is the end.
    private func rest(after error: AuthError) async throws {
        guard error.mayPass else { throw error }
        failed += 1
        await trouble(error)
        try await Task.sleep(for: .seconds(error.pause(after: failed)))
    }
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

    /// Seconds until the next try, after so many that failed: as long as the server asks, else 1, 2, 4 … 60.
    public func pause(after failed: Int) -> Int64 {
        if case .Retry(_, let asked?, _) = self { return asked }
        return min(1 << Int64(min(max(failed - 1, 0), 6)), longest)
    }
}
