import ComputerHost
import Countersign
import Foundation

/// The virtual phone in Swift: the commands and the JSON lines of `countersign-phone --json`, over the generated bindings. It lives the
/// same stories, and must say the same.
@main
enum Main {
    static func main() async {
        var voice = Voice(locale: "en")
        var code: Int32 = 0
        do {
            let args = try Args(Array(CommandLine.arguments.dropFirst()))
            voice = Voice(locale: args["lang"] ?? "en")
            try await run(args, voice)
        } catch {
            code = tell(error, voice)
        }
        exit(code)
    }

    /// Says what went wrong; gives the program's exit code.
    private static func tell(_ error: any Error, _ voice: Voice) -> Int32 {
        let trouble: Trouble
        switch error {
        case let known as Trouble: trouble = known
        // The caller's fault: here whoever typed the command.
        case AuthError.Misuse(let code): trouble = .usage(code)
        case let error as AuthError: trouble = .phone(error, .nobody)
        default:
            voice.complain("\(error)")
            return 1
        }
        do {
            try voice.error(trouble)
        } catch {
            voice.complain("\(error)")
        }
        if case .usage = trouble { return 2 }
        return 1
    }

    private static func run(_ args: Args, _ voice: Voice) async throws {
        let (settings, host) = try (settings(args), host(args))
        switch try args.needWord(0) {
        case "restore":
            try restoreSealed(settings: settings, host: host, copy: Data(contentsOf: URL(fileURLWithPath: args.needWord(1))))
            return voice.say(["event": "restored"])
        case "set-aside":
            return voice.say(["event": "set_aside", "place": try setAside(settings: settings, host: host)])
        default: break
        }
        let began = ContinuousClock.now
        let phone = try Authenticator.open(settings: settings, host: host)
        do {
            try await Commands(phone: phone, voice: voice, args: args, began: began).run()
        } catch {
            try phone.shutDown()
            throw error
        }
        try phone.shutDown()
    }

    private static func settings(_ args: Args) throws -> Settings {
        Settings(
            folder: "\(try args.need("home"))/store", engine: args["engine"] == "redb" ? .redb : .sled,
            roots: try args["ca"].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }, brand: "countersign", mode: .app,
            version: "0.1.0", os: "linux", device: args["device"] ?? "Virtual phone", locale: args["lang"] ?? "en")
    }

    private static func host(_ args: Args) throws -> Countersign.Host {
        let folder = URL(fileURLWithPath: try args.need("home")).appendingPathComponent("keys")
        let counter = FileCounter(file: folder.appendingPathComponent("counter"))
        var keys: any DeviceKeys = FileKeys(folder: folder)
        if let trick = args["trick"] { keys = TrickyKeys(keys, trick: trick) }
        guard let dieAt = args["die-at"].flatMap(Int.init) else { return Countersign.Host(keys: keys, counter: counter, clock: nil) }
        let steps = Steps(last: dieAt)
        return Countersign.Host(keys: DyingKeys(keys, steps), counter: DyingCounter(counter, steps), clock: nil)
    }
}
