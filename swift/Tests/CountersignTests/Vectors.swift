import Foundation
import XCTest

/// The published vectors, as `tests/vectors/README.md` describes them.
enum Vectors {
    private static func folder() throws -> URL {
        URL(fileURLWithPath: try XCTUnwrap(ProcessInfo.processInfo.environment["COUNTERSIGN_VECTORS"]))
    }

    /// All that are there.
    static func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder().path).filter { $0.hasSuffix(".json") }.sorted()
    }

    static func read(_ file: String) throws -> [String: Any] {
        try object(Data(contentsOf: folder().appendingPathComponent(file)))
    }

    static func of(_ file: String) throws -> [[String: Any]] {
        try XCTUnwrap(read(file)["vectors"] as? [[String: Any]])
    }

    static func object(_ json: Data) throws -> [String: Any] {
        try XCTUnwrap(JSONSerialization.jsonObject(with: json) as? [String: Any])
    }

    /// A value as JSON. The same value is the same text, byte for byte, which Swift's own `==` on texts would not ask.
    static func json(_ value: Any) throws -> Data {
        try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
    }

    /// A member without shorthands; `history` is what numbers in `lines` and `with` stand for.
    static func spelt(_ name: String, _ value: Any, _ history: [Any]) throws -> Any {
        switch value {
        case let text as String:
            try expanded(text)
        case let all as [Any]:
            try all.map { one in
                guard ["lines", "with"].contains(name), let number = one as? Int else { return try spelt("", one, history) }
                return history[number - 1]
            }
        default:
            value
        }
    }

    static func text(_ vector: [String: Any], _ name: String) throws -> String {
        try expanded(XCTUnwrap(vector[name] as? String))
    }

    /// `{x*n}` stands for the character x, n times.
    private static func expanded(_ text: String) throws -> String {
        let shorthand = try Regex(#"\{(.)\*(\d+)\}"#)
        return text.replacing(shorthand) { match in
            String(repeating: String(match[1].substring ?? ""), count: Int(match[2].substring ?? "") ?? 0)
        }
    }

    static func bytes(_ vector: [String: Any], _ name: String) throws -> Data {
        let digits = Array(try XCTUnwrap(vector[name] as? String))
        return Data(stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) })
    }
}
