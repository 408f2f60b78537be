import Countersign
import Foundation

/// How long the server is asked to wait for the digits, seconds.
private let wait: UInt32 = 25

/// Adding an ID, and going on with one that was being added.
struct Enrol {
    let phone: Authenticator
    let voice: Voice
    let args: Args

    func enrol(_ link: String) throws {
        let host = host(of: link)
        let enrolment = try telling(.of(host: host, server: host)) { try phone.review(invitation: link) }
        guard let offer = try enrolment.offer() else { throw Trouble.usage("no offer") }
        let about = About.of(host: offer.host, server: offer.name, account: offer.account)
        voice.say([
            "event": "review", "host": offer.host, "name": offer.name, "account": offer.account, "pin": offer.leastPin,
            "recovery_code": offer.recoveryCode, "gesture": word(offer.gesture),
        ])
        if offer.leastPin > 0 {
            let (first, again) = (try pin(args["pin"]), try pin(args["pin"]))
            try telling(about) { try enrolment.choosePin(pin: first, again: again) }
        }
        try enrolment.takeGesture(yes: args.has("gesture"))
        if offer.recoveryCode {
            try consentWithCode(enrolment, about)
        } else {
            _ = try telling(about) { try enrolment.consent() }
        }
        try finish(enrolment, about)
    }

    /// The codes of the command line one after the other, or the one that is typed.
    private func consentWithCode(_ enrolment: Enrolment, _ about: About) throws {
        let given = args.all("recovery-code")
        var codes = (given.isEmpty ? [readLine() ?? ""] : given)[...]
        while let code = codes.popFirst() {
            do {
                _ = try enrolment.consentWithCode(code: code)
                return
            } catch let error as AuthError where error.code == "rec.bad" && !codes.isEmpty {
                continue
            } catch let error as AuthError {
                throw Trouble.phone(error, about)
            }
        }
    }

    func begin(_ address: String) throws {
        let server = try args.need("server")
        let host = host(of: server)
        try telling(.of(host: host, server: host, account: address)) {
            try phone.beginId(server: server, address: address)
        }
        voice.say(["event": "begun"])
        let link = (readLine() ?? "").trimmingCharacters(in: .whitespaces)
        if !link.isEmpty { try enrol(link) }
    }

    func resume() throws {
        let unfinished = try phone.accounts().filter { $0.standing == .pending }
        if unfinished.isEmpty {
            throw Trouble.own(code: "enr.none", title: "No ID is being added. Use a new invitation.")
        }
        for account in unfinished {
            try finish(phone.resume(account: account.id), .of(account))
        }
    }

    /// Takes it on until it is active, or over.
    private func finish(_ enrolment: Enrolment, _ about: About) throws {
        var (shown, failed) = (false, 0)
        while true {
            do {
                // The digits are there at once; only then something is waited for.
                switch try enrolment.proceed(wait: shown ? wait : 0) {
                case .active:
                    return voice.say(["event": "active", "account": about.account, "host": about.host])
                case .pending(let digits, _, let via, let secondsLeft):
                    if !shown {
                        voice.say(["event": "digits", "digits": digits, "via": word(via), "seconds_left": secondsLeft])
                    }
                    (shown, failed) = (true, 0)
                }
            } catch let error as AuthError {
                if case .Refused = error { throw Trouble.phone(error, about) }
                guard error.mayPass else { throw Trouble.phone(error, about) }
                failed += 1
                Thread.sleep(forTimeInterval: Double(error.pause(after: failed)))
            }
        }
    }

    private func host(of link: String) -> String {
        let rest = link.hasPrefix("https://") ? link.dropFirst("https://".count) : link[...]
        return String(rest.prefix { $0 != "/" && $0 != "#" })
    }
}

/// Makes a call, and says of what it fails about.
func telling<Answer>(_ about: About, _ call: () throws -> Answer) throws -> Answer {
    do {
        return try call()
    } catch let error as AuthError {
        throw Trouble.phone(error, about)
    }
}

/// The PIN of the command line, or what is typed. A digit crosses at a time; the string is the test's, never an app's.
func pin(_ given: String?) throws -> PinEntry {
    let entry = PinEntry()
    for character in (given ?? readLine() ?? "").trimmingCharacters(in: .whitespaces) {
        do {
            try entry.push(digit: UInt32(character.wholeNumberValue ?? 10))
        } catch AuthError.Misuse {
            throw Trouble.usage("a PIN has up to 12 digits")
        }
    }
    return entry
}
