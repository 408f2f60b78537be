import Countersign
import Foundation

/// Why a command did not do what it was asked.
enum Trouble: Error {
    /// The phone says so; about this ID or host, where one is known.
    case phone(AuthError, About)
    /// The server did not accept the answer.
    case verdict(VerdictInfo, About)
    /// What only a command line runs into.
    case own(code: String, title: String)
    /// The command line does not make sense.
    case usage(String)
}

extension About {
    /// Nothing is known.
    static let nobody = About.of()

    static func of(host: String = "", server: String = "", account: String = "", service: String = "") -> About {
        About(app: "Countersign", host: host, server: server, account: account, service: service)
    }

    static func of(_ account: Account) -> About {
        of(host: account.host, server: account.name, account: account.account)
    }

    static func of(_ prompt: Prompt) -> About {
        of(host: prompt.host, server: prompt.server, account: prompt.account, service: prompt.service)
    }
}

/// What the phone says, a line each.
struct Voice: Sendable {
    let locale: String

    func say(_ event: [String: Any?]) {
        let members = event.mapValues { $0 ?? NSNull() }
        guard let line = try? JSONSerialization.data(withJSONObject: members) else { return complain("no JSON: \(event.keys)") }
        // A line is written in one go: several tasks say something.
        FileHandle.standardOutput.write(line + Data("\n".utf8))
    }

    func error(_ trouble: Trouble) throws {
        switch trouble {
        case .phone(let error, let about): say(["error": words(try message(error, about))])
        case .verdict(let verdict, let about):
            say(["error": words(try verdictMessage(locale: locale, verdict: verdict, about: about))])
        case .own(let code, let title): say(["error": ["code": code, "title": title, "body": ""]])
        case .usage(let what): complain(what)
        }
    }

    func message(_ error: AuthError, _ about: About) throws -> Message {
        try errorMessage(locale: locale, error: error, about: about)
    }

    func words(_ message: Message) -> [String: String] {
        ["code": message.code, "title": message.title.text, "body": message.body?.text ?? ""]
    }

    func complain(_ what: String) {
        FileHandle.standardError.write(Data("\(what)\n".utf8))
    }
}
