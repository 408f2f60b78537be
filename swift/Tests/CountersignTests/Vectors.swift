import Foundation
import XCTest

/// The published vectors, as `tests/vectors/README.md` describes them.
enum Vectors {
    static func named(_ topic: String) throws -> [[String: Any]] {
        let folder = try XCTUnwrap(ProcessInfo.processInfo.environment["COUNTERSIGN_VECTORS"])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent("\(topic).json"))
        let file = try XCTUnwrap(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        return try XCTUnwrap(file["vectors"] as? [[String: Any]])
    }

    /// `{x*n}` stands for the character x, n times.
    static func text(_ vector: [String: Any], _ name: String) throws -> String {
        let text = try XCTUnwrap(vector[name] as? String)
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
