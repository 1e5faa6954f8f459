// swift-tools-version: 6.2
import PackageDescription

/// Left depends on right only; `ARCHITECTURE.md` draws the arrows.
let libraries: [(name: String, dependencies: [Target.Dependency])] = [
    ("Kernels", ["CKernels", "COpenBLAS"]),
    ("Storage", ["CKernels", "CLZ4", "CZstd", "CZlib", .product(name: "Crypto", package: "swift-crypto")]),
    ("TensorFiles", ["Storage"]),
    ("Corpus", ["TensorFiles", "Storage"]),
    (
        "Embedding",
        ["TensorFiles", "Storage", "Kernels", "CKernels", .product(name: "Crypto", package: "swift-crypto")]
    ),
    ("Clustering", ["Kernels"]),
    ("Probing", ["Clustering", "Kernels", "Storage"]),
    ("Influence", ["Probing", "Kernels"]),
    ("Lineage", ["TensorFiles", "Storage", "Kernels", "CKernels"]),
    ("VectorIndex", ["Clustering", "Kernels", "CKernels", "Storage"]),
    ("Calibration", ["Kernels"]),
    (
        "Pipeline",
        [
            "Storage", "Kernels", .product(name: "Yams", package: "Yams"),
            .product(name: "Logging", package: "swift-log"),
        ]
    ),
    ("Cluster", ["Pipeline", "Storage", "Kernels"]),
    ("Baselines", ["Influence", "Probing", "VectorIndex", "Kernels"]),
    ("Evaluation", ["Kernels"]),
    (
        "Stages",
        [
            "Pipeline", "Corpus", "TensorFiles", "Embedding", "Clustering", "Probing", "Influence", "VectorIndex",
            "Calibration", "Baselines", "Evaluation", "Storage", "Kernels",
        ]
    ),
]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Test targets, and what each may see beside the library it is named after.
let tests: [(name: String, dependencies: [Target.Dependency])] = [
    ("Kernels", ["CKernels"]),
    ("Storage", ["TestSupport"]),
    ("TensorFiles", ["Storage", "TestSupport"]),
    ("Corpus", ["TensorFiles", "Storage", "TestSupport"]),
    ("Embedding", ["TensorFiles", "Storage", "Kernels", "CKernels"]),
    ("Clustering", ["Kernels"]),
    ("Probing", ["Clustering", "Kernels", "Storage", "TestSupport"]),
    ("Influence", ["Probing", "Kernels"]),
    ("Lineage", ["TensorFiles", "Storage", "Kernels", "CKernels"]),
    ("VectorIndex", ["CKernels", "Kernels", "Storage", "TestSupport"]),
    ("Calibration", ["Kernels"]),
    ("Pipeline", ["Storage"]),
    ("Cluster", ["Pipeline", "Storage", "Kernels"]),
    ("Baselines", ["Influence", "Probing", "VectorIndex", "Clustering", "TensorFiles", "Kernels"]),
    ("Evaluation", ["Kernels"]),
    ("Stages", ["Pipeline", "Storage", "Corpus", "TensorFiles", "Embedding", "Probing", "VectorIndex", "Kernels"]),
]

/// Test targets with committed golden values beside their sources.
let fixtures: Set = ["Embedding", "Lineage"]

let package = Package(
    name: "gradprint",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "gradprint", targets: ["gradprint"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels"),
        .executableTarget(
            name: "gradprint",
            dependencies: [
                "Stages", "Cluster", "Pipeline", "Evaluation", "Lineage", "Storage", "Corpus", "Kernels",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "GradprintBenchmarks",
            dependencies: [
                "Stages", "Pipeline", "Clustering", "Probing", "Influence", "VectorIndex", "Evaluation", "Embedding",
                "Corpus", "TensorFiles", "Storage", "Kernels",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/GradprintBenchmarks",
            swiftSettings: settings
        ),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "CommandTests", dependencies: ["gradprint"], swiftSettings: settings),
    ]
        + libraries.map { .target(name: $0.name, dependencies: $0.dependencies, swiftSettings: settings) }
        + tests.map {
            .testTarget(
                name: "\($0.name)Tests",
                dependencies: [.target(name: $0.name)] + $0.dependencies,
                exclude: fixtures.contains($0.name) ? ["Fixtures"] : [],
                swiftSettings: settings
            )
        }
)
