package import Pipeline
package struct CurvatureStage: Stage {
    package struct Settings: Codable, Hashable, Sendable {
        init(_ section: ConfigurationSection) throws(RunError) {}
    }
    package static let name = "curvature"
    package static let version = 1
    package let parameters: Settings
    init(_ settings: Settings, seed: UInt64) { parameters = settings }
    package var granularity: Granularity { .whole }
    package var inputs: [StageInput] { [.same(ProbeTrainStage.name)] }
    package func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: 64 << 20, disk: 1 << 20) }
    package func run(_ context: TaskContext) throws {}
}
