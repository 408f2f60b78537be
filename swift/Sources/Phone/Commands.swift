import Countersign
import Foundation

/// A request that is to be answered.
private struct Found {
    let id: String
    var about = About.nobody
    var pin = false
}

/// What can be asked of the phone.
struct Commands {
    let phone: Authenticator
    let voice: Voice
    let args: Args
    /// When the phone was opened.
    let began: ContinuousClock.Instant

    private var show: Show { Show(voice: voice) }
    private var enrolling: Enrol { Enrol(phone: phone, voice: voice, args: args) }

    func run() async throws {
        let second = args.word(1)
        switch args.words[0] {
        case "enrol": try enrolling.enrol(args.needWord(1))
        case "begin": try enrolling.begin(args.needWord(1))
        case "resume": try enrolling.resume()
        case "ids": try ids()
        case "forget": try phone.forget(account: args.needWord(1))
        case "pending": try pending()
        case "open": try show.prompt(phone.openLink(link: args.needWord(1)))
        case "scan":
            let scanned = try phone.scan(scanned: args.needWord(1))
            voice.say(["event": "number", "id": scanned.id, "number": scanned.number])
        case "show": try show.prompt(phone.show(prompt: args.needWord(1)))
        case "more": try show.prompt(phone.moreTime(prompt: args.needWord(1)))
        case "approve": try approve(find(second))
        case "deny":
            let reason = try reason()
            try send(find(second)) { try phone.deny(prompt: $0, reason: reason) }
        case "report":
            let reason = try reason()
            try send(find(second)) { try phone.report(prompt: $0, reason: reason) }
        case "outbox": try outbox()
        case "history": try phone.history(limit: limit()).forEach(show.receipt)
        case "export-history": try exportHistory(second)
        case "forget-history":
            guard let before = try Int64(args.need("before")) else { throw Trouble.usage("--before wants a number") }
            let gone = try phone.forgetHistory(account: account(second).id, before: before)
            voice.say(["event": "history_forgotten", "answers": gone])
        case "overview": try phone.overview(account: account(second).id).phones.forEach(show.phone)
        case "describe": try phone.describe(account: account(second).id, slow: args.has("slow"))
        case "notices": try phone.notices(limit: limit()).forEach(show.notice)
        case "listen": try await listen(phone, voice)
        case "stay": try stay(phone, voice)
        case "measure": try measure(phone, voice, began: began)
        case "export":
            let sealed = try phone.exportSealed()
            try writeNew(args.needWord(1), sealed)
            voice.say(["event": "exported", "bytes": sealed.count])
        case "pause":
            let account = try account(second)
            _ = try telling(.of(account)) { try phone.pause(account: account.id) }
            try ids()
        case "add-phone":
            let account = try account(second)
            let link = try telling(.of(account)) { try phone.addPhone(account: account.id) }
            voice.say(["event": "invitation", "link": link])
        case "move": try move()
        case "recovery": try recovery()
        case "set-pin": try setPin(second)
        case "renew-gesture": try approve(begin(second, .renewGesture), number: nil)
        case "remove-phone": try approve(begin(args["id"], .removePhone(key: args.needWord(1))), number: nil)
        case "unfreeze":
            let action = args["phone"].map { Action.unfreezePhone(key: $0) } ?? .unfreeze
            try approve(begin(second, action), number: nil)
        case let command: throw Trouble.usage("\(command) is not known")
        }
    }

    private func limit() throws -> UInt32 {
        guard let limit = UInt32(args["limit"] ?? "50") else { throw Trouble.usage("--limit wants a number") }
        return limit
    }

    private func reason() throws -> Reason? {
        switch args["reason"] {
        case nil: nil
        case "mistake": .mistake
        case "unknown": .unknown
        case "pressure": .pressure
        case "other": .other
        case let reason?: throw Trouble.usage("\(reason) is not known")
        }
    }

    private func ids() throws {
        try phone.accounts().forEach(show.account)
    }

    private func pending() throws {
        let synced = try phone.sync()
        synced.forEach(show.told)
        let prompts = try phone.pending()
        prompts.forEach(show.prompt)
        for several in try phone.requests() where several.prompts.count > 1 {
            voice.say(["event": "several", "service": several.service, "requests": several.prompts.count])
        }
        let accounts = try phone.accounts()
        var failed: Trouble?
        for arrivals in synced {
            guard let error = arrivals.error else { continue }
            if prompts.isEmpty && failed == nil {
                failed = .phone(error, accounts.first { $0.id == arrivals.account }.map(About.of) ?? .nobody)
            } else {
                voice.complain(error.code)
            }
        }
        if let failed { throw failed }
    }

    private func outbox() throws {
        if args.has("send") { try phone.deliver(now: true).forEach(show.verdict) }
        try phone.outbox().forEach(show.delivery)
    }

    /// The request that is meant. What isn't known here is asked for first.
    private func find(_ named: String?) throws -> Found {
        func matching() throws -> [Prompt] {
            try phone.pending().filter { named == nil || $0.id == named }
        }
        var found = try matching()
        if found.isEmpty {
            var asked: [Arrivals] = []
            do {
                asked = try phone.sync()
            } catch where named != nil {
                // It is asked for by its name all the same.
            }
            found = try matching()
            if found.isEmpty, named == nil, let error = asked.lazy.compactMap(\.error).first { throw error }
        }
        if found.count == 1 { return Found(id: found[0].id, about: .of(found[0]), pin: found[0].pin) }
        if let named { return Found(id: named) }
        if found.isEmpty {
            let title = try text(locale: voice.locale, id: "home.empty", values: [:]).text
            throw Trouble.own(code: "chal.none", title: title)
        }
        throw Trouble.own(code: "chal.several", title: "Several requests wait. Name one of them.")
    }

    private func send(_ found: Found, _ decide: (String) throws -> Sent) throws {
        switch try telling(found.about, { try decide(found.id) }) {
        case .verdict(let verdict):
            show.verdict(verdict)
            if !verdict.accepted { throw Trouble.verdict(verdict, found.about) }
        case .queued(let error):
            voice.say(["event": "queued", "id": found.id, "why": voice.words(try voice.message(error, .nobody))])
        }
    }

    private func approve(_ found: Found) throws {
        try approve(found, number: args["number"])
    }

    private func approve(_ found: Found, number: String?) throws {
        let typed = found.pin || args["pin"] != nil ? try pin(args["pin"]) : nil
        try send(found) { try phone.approve(prompt: $0, number: number, pin: typed) }
    }

    private func begin(_ named: String?, _ action: Action) throws -> Found {
        let account = try account(named)
        let prompt = try telling(.of(account)) { try phone.begin(account: account.id, action: action) }
        show.prompt(prompt)
        var about = About.of(account)
        about = .of(host: about.host, server: about.server, account: about.account, service: prompt.service)
        return Found(id: prompt.id, about: about, pin: prompt.pin)
    }

    private func setPin(_ named: String?) throws {
        let found = try begin(named, .setPin)
        let old = found.pin ? try pin(args["pin"]) : nil
        let (new, again) = (try pin(args["new"]), try pin(args["new"]))
        try send(found) { try phone.setPin(prompt: $0, old: old, new: new, again: again) }
    }

    private func exportHistory(_ named: String?) throws {
        let exported = try phone.exportHistory(account: account(named).id)
        try writeNew(args.need("out"), exported.lines)
        voice.say([
            "event": "history_exported", "root": exported.root, "dev": exported.key, "from": exported.from, "to": exported.to,
            "last": exported.last,
        ])
    }

    private func move() throws {
        let accounts = try phone.accounts()
        for moved in try phone.addPhoneToAll() {
            let about = accounts.first { $0.id == moved.id }.map(About.of) ?? .nobody
            let whose: [String: Any?] = ["id": moved.id, "account": about.account, "host": about.host]
            let what: [String: Any?] =
                if let error = moved.error {
                    ["event": "unmoved", "code": error.code]
                } else {
                    ["event": "invitation", "link": moved.link]
                }
            voice.say(whose.merging(what) { $1 })
        }
    }

    private func recovery() throws {
        let named = args.word(2)
        switch try args.needWord(1) {
        case "make":
            try approve(begin(named, .recoveryCodes), number: nil)
            try codes(named)
        case "show": try codes(named)
        case "close":
            let account = try account(named)
            try telling(.of(account)) { try phone.closeRecoveryCodes(account: account.id) }
        default: throw Trouble.usage("recovery make, show or close")
        }
    }

    private func codes(_ named: String?) throws {
        let account = try account(named)
        guard let codes = try telling(.of(account), { try phone.recoveryCodes(account: account.id) }) else { return }
        for at in 0..<(try codes.count()) {
            voice.say(["event": "recovery_code", "code": try codes.shown(index: at)])
        }
    }

    /// The ID that is meant: the one that is in use, unless it is named.
    private func account(_ named: String?) throws -> Account {
        let meant = try phone.accounts().filter { account in
            named.map { account.id == $0 } ?? (account.standing == .active || account.standing == .suspended)
        }
        switch meant.count {
        case 1: return meant[0]
        case 0: throw Trouble.own(code: "id.none", title: "There is no ID on this phone.")
        default: throw Trouble.usage("there are several IDs: name one of them, as `ids` does")
        }
    }
}

private func writeNew(_ path: String, _ bytes: Data) throws {
    try bytes.write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
}
