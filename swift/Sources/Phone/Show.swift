import Countersign

/// Records as the lines of `countersign-phone`.
struct Show: Sendable {
    let voice: Voice

    func account(_ account: Account) {
        voice.say([
            "event": "id", "id": account.id, "account": account.account, "host": account.host, "name": account.name,
            "standing": word(account.standing), "pin": account.pin, "gesture": account.gesture, "changing": account.changing,
            "keys_overdue": account.keysOverdue, "lost": account.lost,
        ])
    }

    func prompt(_ prompt: Prompt) {
        voice.say([
            "event": "prompt", "id": prompt.id, "goes_on": prompt.goesOn, "title": prompt.title.text, "kind": prompt.kind,
            "host": prompt.host, "server": prompt.server, "service": prompt.service, "account": prompt.account,
            "lang": prompt.lang, "number": prompt.number, "pin": prompt.pin, "ways": prompt.ways,
            "seconds_left": prompt.secondsLeft, "asked_ago": prompt.askedAgo,
            "rows": prompt.rows.map { ["id": $0.id, "value": $0.value] }, "notes": prompt.notes.map(note),
        ])
    }

    private func note(_ note: Note) -> String {
        switch note {
        case .timeUnsure: "time.unsure"
        case .phonesChanged: "request.phones"
        case .cannotApprove: "request.missing"
        case .changeUnsent: "key.unsent"
        }
    }

    /// What came with a list, but for its requests.
    func told(_ arrivals: Arrivals) {
        arrivals.cancelled.forEach(cancelled)
        arrivals.notices.forEach(notice)
        arrivals.verdicts.forEach(verdict)
    }

    private func cancelled(_ cancelled: Cancelled) {
        voice.say([
            "event": "cancelled", "id": cancelled.id, "service": cancelled.service, "reason": word(cancelled.reason),
            "device": cancelled.device,
        ])
    }

    func notice(_ notice: Notice) {
        voice.say([
            "event": "notice", "account": notice.account, "what": notice.what, "at": notice.at, "device": notice.device,
            "phones": notice.phones,
        ])
    }

    func verdict(_ verdict: VerdictInfo) {
        voice.say([
            "event": "verdict", "id": verdict.id, "code": verdict.code, "result": verdict.accepted ? "accepted" : "refused",
            "final": verdict.isFinal, "attempts": verdict.attempts, "return": verdict.returnUrl,
        ])
    }

    func delivery(_ delivery: Delivery) {
        voice.say([
            "event": "waiting", "id": delivery.id, "service": delivery.service, "decision": word(delivery.decision),
            "expires": delivery.expires, "next_try": delivery.nextTry, "stuck": delivery.stuck,
        ])
    }

    func receipt(_ receipt: Receipt) {
        voice.say([
            "event": "answered", "account": receipt.account, "kind": receipt.kind, "service": receipt.service,
            "asked": receipt.asked, "decision": word(receipt.decision), "number": receipt.number, "result": receipt.result,
        ])
    }

    func phone(_ phone: Countersign.Phone) {
        voice.say([
            "event": "phone", "key": phone.key, "device": phone.device, "added": phone.added, "used": phone.used,
            "probation": phone.probation, "suspended": phone.suspended != nil, "this": phone.this,
        ])
    }
}

/// The lines' word for one of a few: its Swift name, `decidedElsewhere`, as `decided_elsewhere`.
func word(_ one: some Any) -> String {
    String(describing: one).reduce(into: "") { word, letter in
        word += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
    }
}
