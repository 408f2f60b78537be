// swift-tools-version: 6.0
import PackageDescription

// `cargo xtask` puts the generated sources and the header beside these; see README.md.
var products: [Product] = [.library(name: "Countersign", targets: ["Countersign"])]
var targets: [Target] = [.target(name: "Countersign", dependencies: ["CountersignFFI"])]

#if os(Linux)
    // The library is where `-L` says. The phone for computers, whose keys OpenSSL makes, and the tests are of Linux.
    targets += [
        .systemLibrary(name: "CountersignFFI"),
        .systemLibrary(name: "CComputer"),
        .target(name: "ComputerHost", dependencies: ["Countersign", "CComputer"]),
        .executableTarget(name: "Phone", dependencies: ["Countersign", "ComputerHost"]),
        .executableTarget(name: "Example", dependencies: ["Countersign", "ComputerHost"]),
        // What judges the vectors; no product has it.
        .systemLibrary(name: "CountersignVectorsFFI"),
        .target(name: "CountersignVectors", dependencies: ["CountersignVectorsFFI"]),
        .testTarget(name: "CountersignTests", dependencies: ["Countersign", "ComputerHost", "CountersignVectors"]),
    ]
#else
    targets += [.binaryTarget(name: "CountersignFFI", path: "CountersignFFI.xcframework")]
#endif

let package = Package(
    name: "Countersign",
    platforms: [.iOS(.v17), .macOS(.v13)],
    products: products,
    targets: targets
)
