/// A command line: words, and values by name.
struct Args {
    /// Characters of a key's thumbprint, which may begin like an option.
    private static let key = 43
    private static let flags: Set = ["json", "yes", "gesture", "send", "slow"]
    private static let names: Set = [
        "home", "ca", "engine", "device", "lang", "die-at", "trick", "pin", "new", "number", "reason", "id", "phone", "limit",
        "out", "before", "recovery-code", "server",
    ]

    private var values: [String: [String]] = [:]
    private var flags: Set<String> = []
    private(set) var words: [String] = []

    init(_ words: [String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            let name = word.hasPrefix("--") ? String(word.dropFirst(2)) : word
            if word == name || word.utf8.count == Self.key {
                self.words.append(word)
            } else if Self.flags.contains(name) {
                flags.insert(name)
            } else if Self.names.contains(name) {
                guard let value = rest.popFirst() else { throw Trouble.usage("\(word) wants a value") }
                values[name, default: []].append(value)
            } else {
                throw Trouble.usage("\(word) is not known")
            }
        }
    }

    func has(_ flag: String) -> Bool {
        flags.contains(flag)
    }

    func all(_ name: String) -> [String] {
        values[name] ?? []
    }

    subscript(name: String) -> String? {
        values[name]?.last
    }

    func need(_ name: String) throws -> String {
        guard let value = self[name] else { throw Trouble.usage("--\(name) is missing") }
        return value
    }

    /// A word of the command, its name being the first.
    func word(_ at: Int) -> String? {
        at < words.count ? words[at] : nil
    }

    func needWord(_ at: Int) throws -> String {
        guard let word = word(at) else { throw Trouble.usage("a word is missing") }
        return word
    }
}
