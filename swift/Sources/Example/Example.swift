import ComputerHost
import Countersign
import Foundation

@main
enum Example {
    static func main() async throws {
        let words = CommandLine.arguments
        let (home, ca, invitation) = (URL(fileURLWithPath: words[1]), URL(fileURLWithPath: words[2]), words[3])
        let settings = Settings(
            folder: home.appendingPathComponent("store").path, engine: .sled, roots: try Data(contentsOf: ca),
            brand: "example", mode: .core, version: "1.0", os: "linux", device: "Example", locale: "en")
        // An app has hardware keys: this is a computer.
        let keys = home.appendingPathComponent("keys")
        let counter = FileCounter(file: keys.appendingPathComponent("counter"))
        let host = Countersign.Host(keys: FileKeys(folder: keys), counter: counter, clock: nil)
        let phone = try Authenticator.open(settings: settings, host: host)
        do {
            let account = try await add(phone, invitation)
            for try await arrivals in phone.arrivals(of: account) {
                guard let prompt = arrivals.prompts.first else { continue }
                try await answer(phone, prompt)
                break
            }
        } catch let error as AuthError {
            let about = About(app: "Example", host: "", server: "", account: "", service: "")
            say(try errorMessage(locale: "en", error: error, about: about).title.text)
        }
        try phone.shutDown()
    }

    /// Adds the ID of an invitation; gives its name on this phone.
    static func add(_ phone: Authenticator, _ invitation: String) async throws -> String {
        let enrolment = try await waiting { try phone.review(invitation: invitation, cancel: $0) }
        guard let offer = try enrolment.offer() else { throw AuthError.Misuse(code: "use.twice") }
        say("Add \(offer.account) at \(offer.host)?")
        if offer.leastPin > 0 { try enrolment.choosePin(pin: typedPin(), again: typedPin()) }
        // It makes keys, and may ask for a gesture.
        let account = try await waiting { _ in try enrolment.consent() }
        while case .pending(let digits, _, _, _) = try await waiting({ try enrolment.proceed(wait: 0, cancel: $0) }) {
            say("Type into the browser: \(digits)")
            try await Task.sleep(for: .milliseconds(500))
        }
        return account
    }

    static func answer(_ phone: Authenticator, _ prompt: Prompt) async throws {
        say(prompt.title.text)
        for row in prompt.rows { say("  \(row.label?.text ?? row.id): \(row.value)") }
        say("number?")
        let number = readLine()
        let pin = prompt.pin ? try typedPin() : nil
        let sent = try await waiting { try phone.approve(prompt: prompt.id, number: number, pin: pin, cancel: $0) }
        if case .verdict(let verdict) = sent, verdict.accepted {
            say("approved")
        } else {
            say("not yet")
        }
    }

    /// An app pushes each digit as its key is pressed.
    static func typedPin() throws -> PinEntry {
        say("PIN?")
        let pin = PinEntry()
        for digit in readLine() ?? "" { try pin.push(digit: UInt32(digit.wholeNumberValue ?? 10)) }
        return pin
    }

    /// A line, at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
}
