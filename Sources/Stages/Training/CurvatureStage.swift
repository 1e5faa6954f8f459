internal import Influence
internal import Kernels
package import Pipeline
internal import Probing
internal import Storage

/// The curvature that influence divides by: a seeded sample of rows defines H; a power iteration finds λ_max and with it
/// LiSSA's scale; for small probes (H + λI)⁻¹, or LiSSA's polynomial for it, is prepared as one matrix. A sketch of the polynomial's square root
/// is what the samples' self-influence is computed with.
package struct CurvatureStage: Stage {
    /// The configuration's `influence:` section.
    package struct Settings: Codable, Hashable, Sendable {
        /// λ.
        package let damping: Double
        /// T; `nil` solves exactly, or for a probe that is not prepared with ``LiSSA/manyIterations``.
        package let iterations: Int?
        /// μ; `nil` takes 1.1·(λ_max + λ).
        package let scale: Double?
        /// Rows that define H; `nil` takes all.
        package let hessianRows: Int?
        /// Probes of up to so many parameters get a prepared polynomial.
        package let prepareLimit: Int

        /// - Parameter probeL2: the weight of the squared norm in the probe's loss. With it as λ, H + λI is the Hessian of
        ///   what training minimised, and influence foretells retraining best (`docs/evaluation.md`).
        init(
            _ section: ConfigurationSection, profile: PipelineConfiguration.Profile, probeL2: Double
        ) throws(RunError) {
            var section = section
            damping = try section.number(
                "damping", default: profile == .paper || probeL2 == 0 ? 0.01 : probeL2, in: 0...1e6)
            if let (text, origin) = try section.located("iterations") {
                let number = Int(text)
                guard text == "converged" || (1...LiSSA.manyIterations).contains(number ?? 0) else {
                    throw section.wrong(
                        "iterations", text, origin, "a number from 1 to \(LiSSA.manyIterations) or converged")
                }
                iterations = number
            } else {
                iterations = profile == .paper ? 10 : nil
            }
            let scale = try section.number("scale", default: 0, in: 0...1e12)
            self.scale = scale == 0 ? nil : scale
            prepareLimit = try section.integer("prepare_limit", default: 8192, in: 0...32_768)
            if let (text, origin) = try section.located("hessian_rows") {
                guard text == "all" || (Int(text) ?? 0) > 0 else {
                    throw section.wrong("hessian_rows", text, origin, "a number of rows or all")
                }
                hessianRows = Int(text)
            } else {
                hessianRows = 5000
            }
            try section.finish()
        }
    }

    /// Tells the sample of rows apart from those of other stages.
    private static let sampleStream: UInt64 = 3
    package static let name = "curvature"
    package static let version = 4
    package let parameters: Seeded<Settings>

    private let sizes: RowSizes

    init(_ settings: Settings, sizes: RowSizes, seed: UInt64) {
        parameters = Seeded(settings: settings, seed: seed)
        self.sizes = sizes
    }

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .own }
    package var inputs: [StageInput] { [.all(EmbedStage.name), .same(ProbeTrainStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        let rows = min(extent.rows, parameters.settings.hessianRows ?? .max) * sizes.embedding
        let sketch = 4 * SelfInfluenceSketch.standardRows * sizes.parameters
        guard sizes.parameters <= parameters.settings.prepareLimit else {
            // The expansion holds five matrices of the sketch's size.
            return ResourceEstimate(memory: 2 * rows + 5 * sketch, disk: rows + sketch)
        }
        let matrix = 4 * sizes.parameters * sizes.parameters
        return ResourceEstimate(
            memory: 2 * rows + PreparedLiSSA.memory(parameterCount: sizes.parameters), disk: 2 * matrix + sketch)
    }

    package func run(_ context: TaskContext) throws {
        let settings = parameters.settings
        let probe = try ProbeFile.read(context.input(ProbeTrainStage.name))
        let embeddings = try ShardedColumn.embeddings(context.inputs(EmbedStage.name))
        let rows = try embeddings.sample(
            settings.hessianRows ?? embeddings.rows, seed: parameters.seed, stream: Self.sampleStream
        )
        .matrix
        let curvature = probe.curvature(over: rows)
        let power = PowerIteration(curvature, seed: parameters.seed, workers: context.workers)
        let lissa: LiSSA
        do {
            lissa = try LiSSA(
                iterations: settings.iterations ?? LiSSA.manyIterations, damping: settings.damping,
                largestEigenvalue: power.eigenvalue, scale: settings.scale)
        } catch {
            throw RunError(.configuration, "\(error)")
        }
        let root = SquareRootExpansion(lissa, largestEigenvalue: power.eigenvalue)
        let path = context.output(ArtifactFile.curvature)
        if curvature.parameterCount <= settings.prepareLimit {
            let prepared = try prepare(lissa, curvature, workers: context.workers)
            try CurvatureFile.write(prepared, path: path)
            try writeSketch(root, DenseCurvature(prepared.curvature), context)
        } else {
            try CurvatureFile.write(lissa, rows: rows, path: path)
            try writeSketch(root, curvature, context)
        }
        context.advance(rows: rows.rows)
        context.record("largest eigenvalue", .number(power.eigenvalue))
        context.record("power iterations", .integer(power.iterations))
        context.record("scale", .number(lissa.scale))
        context.record("parameters", .integer(curvature.parameterCount))
        context.record("sketch degree", .integer(root.degree))
        context.record("sketch error", .number(root.error))
    }

    /// A large probe's curvature is a sample of rows; those of them that go become zero, and count for nothing in H.
    package func erase(_ rows: [Int], from artifact: Artifact, trained: Catalog, into folder: String) throws {
        let gone = Set(rows)
        for output in artifact.manifest.outputs {
            let reader = try ShardReader(path: artifact.path(output.name), expectedKind: nil)
            var own: [Int] = []
            if reader.hasColumn(CurvatureFile.row) {
                var generator = SeededGenerator(seed: parameters.seed, stream: Self.sampleStream)
                let sample = generator.sample(parameters.settings.hessianRows ?? trained.rows, below: trained.rows)
                own = sample.indices.filter { gone.contains(sample[$0]) }
            }
            try ShardEraser.copy(reader, to: "\(folder)/\(output.name)", erasing: own)
        }
    }

    private func prepare(
        _ lissa: LiSSA, _ curvature: some CurvatureOperator, workers: Int
    ) throws(RunError) -> PreparedLiSSA {
        guard parameters.settings.iterations == nil else { return PreparedLiSSA(lissa, curvature, workers: workers) }
        do {
            return try PreparedLiSSA(converged: lissa, curvature, workers: workers)
        } catch {
            throw RunError(.configuration, "\(error); the setting is influence.damping")
        }
    }

    private func writeSketch(
        _ root: SquareRootExpansion, _ curvature: some CurvatureOperator, _ context: TaskContext
    ) throws {
        let sketch: SelfInfluenceSketch
        do {
            sketch = try SelfInfluenceSketch(root, curvature, seed: parameters.seed, workers: context.workers)
        } catch {
            throw RunError(.badInput, "\(error)")
        }
        try SketchFile.write(sketch, path: context.output(ArtifactFile.sketch))
    }
}

extension Probe {
    /// H over some rows, or its Gauss–Newton approximation.
    func curvature(over rows: Matrix) -> any CurvatureOperator {
        switch self {
        case let probe as LinearProbe: LinearProbeHessian(probe, rows: rows)
        case let probe as HiddenProbe: HiddenProbeGaussNewton(probe, rows: rows)
        default: preconditionFailure("a probe without a curvature")
        }
    }
}

/// The curvature on disk: H and LiSSA's polynomial row by row, or the rows that define H.
enum CurvatureFile {
    /// The column of the rows that define H.
    static let row = "row"

    enum Content: Sendable {
        case prepared(PreparedLiSSA)
        case rows(LiSSA, Matrix)
    }

    static func write(_ prepared: PreparedLiSSA, path: String) throws(StorageError) {
        let size = prepared.curvature.rows
        let columns = [
            ColumnDescription("hessian", .float32, width: size), ColumnDescription("series", .float32, width: size),
        ]
        let writer = try writer(prepared.lissa, columns: columns, path: path)
        try writer.append("hessian", floats: prepared.curvature.elements.span)
        try writer.append("series", floats: prepared.series.elements.span)
        _ = try writer.finish()
    }

    static func write(_ lissa: LiSSA, rows: Matrix, path: String) throws(StorageError) {
        let columns = [ColumnDescription(row, .float32, width: rows.columns)]
        let writer = try writer(lissa, columns: columns, path: path)
        try writer.append(row, floats: rows.elements.span)
        _ = try writer.finish()
    }

    private static func writer(
        _ lissa: LiSSA, columns: [ColumnDescription], path: String
    ) throws(StorageError) -> ShardWriter {
        try ShardWriter(
            path: path, kind: ShardKind.curvature, columns: columns, chunkRows: 256,
            attributes: ["lissa": String(decoding: JSONFile.encode(lissa), as: UTF8.self)])
    }

    static func read(_ artifact: Artifact) throws(StorageError) -> Content {
        let path = artifact.path(ArtifactFile.curvature)
        let reader = try ShardReader(path: path, expectedKind: ShardKind.curvature)
        guard let text = reader.attributes["lissa"], let lissa = try? JSONFile.decode(LiSSA.self, from: text) else {
            throw StorageError(.corrupt, path: path, "it does not say how LiSSA is to run")
        }
        if reader.hasColumn(row) { return .rows(lissa, try matrix(reader, row)) }
        return .prepared(
            PreparedLiSSA(
                lissa: lissa, curvature: try matrix(reader, "hessian"), series: try matrix(reader, "series")))
    }

    private static func matrix(_ reader: ShardReader, _ column: String) throws(StorageError) -> Matrix {
        var elements: [Float] = []
        try reader.read(column, rows: 0..<reader.rows, into: &elements)
        return Matrix(rows: reader.rows, columns: try reader.column(column).fixedWidth ?? 0, elements: elements)
    }
}

/// The self-influence sketch on disk, row by row.
enum SketchFile {
    static func write(_ sketch: SelfInfluenceSketch, path: String) throws(StorageError) {
        let columns = [ColumnDescription("sketch", .float32, width: sketch.matrix.columns)]
        let writer = try ShardWriter(path: path, kind: ShardKind.sketch, columns: columns)
        try writer.append("sketch", floats: sketch.matrix.elements.span)
        _ = try writer.finish()
    }

    /// - Parameter artifact: the curvature stage's.
    /// - Throws: `corrupt` also when the sketch is not of a probe of so many parameters.
    static func read(_ artifact: Artifact, parameterCount: Int) throws(StorageError) -> SelfInfluenceSketch {
        let path = artifact.path(ArtifactFile.sketch)
        let reader = try ShardReader(path: path, expectedKind: ShardKind.sketch)
        let width = try reader.column("sketch").fixedWidth ?? 0
        guard width == parameterCount else {
            throw StorageError(
                .corrupt, path: path, "it is of \(width) parameters and the probe has \(parameterCount)")
        }
        var elements: [Float] = []
        try reader.read("sketch", rows: 0..<reader.rows, into: &elements)
        return SelfInfluenceSketch(matrix: Matrix(rows: reader.rows, columns: width, elements: elements))
    }
}
