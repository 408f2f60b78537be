import Countersign

/// Stays awake: a task for each ID, and the outbox beside them.
func listen(_ phone: Authenticator, _ voice: Voice) async throws {
    let show = Show(voice: voice)
    let live = try phone.accounts().filter { $0.standing == .active || $0.standing == .suspended }
    if live.isEmpty { throw Trouble.own(code: "id.none", title: "There is no ID on this phone.") }
    try phone.pending().forEach(show.prompt)
    let outbox = Task {
        while true {
            let verdicts = try await waiting { try phone.deliver(now: false, cancel: $0) }
            verdicts.forEach(show.verdict)
            try await Task.sleep(for: .seconds(1))
        }
    }
    defer { outbox.cancel() }
    // All go on until their own ends; the first error is told then.
    let ended = await withTaskGroup(of: (any Error)?.self) { listening in
        for account in live {
            listening.addTask {
                do {
                    try await listen(phone, voice, to: account)
                    return nil
                } catch {
                    return error
                }
            }
        }
        return await listening.reduce(nil) { $0 ?? $1 }
    }
    if let ended { throw ended }
}

private func listen(_ phone: Authenticator, _ voice: Voice, to account: Account) async throws {
    let show = Show(voice: voice)
    let about = About.of(account)
    @Sendable func say(_ event: String, _ error: AuthError) {
        guard let message = try? voice.message(error, about) else { return }
        voice.say(["event": event].merging(voice.words(message)) { $1 })
    }
    do {
        for try await arrivals in phone.arrivals(of: account.id, trouble: { say("trouble", $0) }) {
            show.told(arrivals)
            (arrivals.prompts + arrivals.renewed).forEach(show.prompt)
            arrivals.refused.forEach { say("refused", .Refused(code: $0)) }
        }
    } catch let error as AuthError {
        throw Trouble.phone(error, about)
    }
}
