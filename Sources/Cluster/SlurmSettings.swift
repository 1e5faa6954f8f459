package import Kernels
package import Pipeline

/// What one stage's job asks Slurm for.
package struct SlurmResources: Hashable, Sendable {
    package var partition: String?
    package var account: String?
    package var constraint: String?
    package var time: WallTime
    package var memory: MemorySize
    package var cpus: Int
    /// Further options of `sbatch`, as they are.
    package var options: [String]
}

/// The configuration's `slurm:` section: what jobs ask for, for all stages and for single ones. Nothing in it changes a
/// byte of the result but the kernel level, which manifests record.
package struct SlurmSettings: Hashable, Sendable {
    package var common: SlurmResources
    /// Elements of a job array at most.
    package var arraySize: Int
    /// Elements of one array that run at once at most; `nil`: as many as the cluster gives.
    package var running: Int?
    /// The instruction set that every node has.
    package var kernelLevel: KernelLevel
    /// How often an element that died or met a passing fault goes back to the queue.
    package var requeues: Int
    /// Seconds before the time limit at which Slurm says that the end is near.
    package var notice: Int
    /// Shell lines that a job starts with.
    package var setup: [String]
    /// The executable on the nodes, where it is not the one that submits.
    package var executable: String?
    private var stages: [String: Overrides]

    /// What one stage asks for in place of the common values.
    private struct Overrides: Hashable {
        var partition: String?
        var constraint: String?
        var time: WallTime?
        var memory: MemorySize?
        var cpus: Int?
    }

    /// - Parameters:
    ///   - node: the section; `nil` where there is none.
    ///   - names: the stages there are.
    /// - Throws: `configuration`, with file, line and what is allowed.
    package init(_ node: ConfigurationNode?, stages names: [String]) throws(RunError) {
        var section = try node.map { node throws(RunError) in try ConfigurationSection(node, name: "slurm") }
        guard section != nil else {
            self.init()
            return
        }
        self.init()
        try read(&section!, stages: names)
    }

    private init() {
        common = SlurmResources(time: WallTime(seconds: 4 * 3600), memory: .standard, cpus: 4, options: [])
        arraySize = 64
        kernelLevel = .avx2
        requeues = 3
        notice = 60
        setup = []
        stages = [:]
    }

    private mutating func read(_ section: inout ConfigurationSection, stages names: [String]) throws(RunError) {
        common.partition = try section.word("partition")
        common.account = try section.word("account")
        common.constraint = try section.word("constraint")
        common.time = try section.time() ?? common.time
        common.memory = try section.memory() ?? common.memory
        common.cpus = try section.integer("cpus", default: common.cpus, in: 1...1024)
        common.options = try section.lines("options")
        arraySize = try section.integer("array_size", default: arraySize, in: 1...1_000_000)
        let running = try section.integer("running", default: 0, in: 0...1_000_000)
        self.running = running == 0 ? nil : running
        kernelLevel = try section.choice("kernel_level", default: kernelLevel)
        requeues = try section.integer("requeues", default: requeues, in: 0...1000)
        notice = try section.integer("notice", default: notice, in: 5...3600)
        setup = try section.lines("setup")
        executable = try section.path("gradprint")
        var stages = try section.section("stages")
        for name in names + [ArrayJob.publish] {
            guard var stage = try stages.optionalSection(name) else { continue }
            var overrides = Overrides()
            overrides.partition = try stage.word("partition")
            overrides.constraint = try stage.word("constraint")
            overrides.time = try stage.time()
            overrides.memory = try stage.memory()
            let cpus = try stage.integer("cpus", default: 0, in: 0...1024)
            overrides.cpus = cpus == 0 ? nil : cpus
            try stage.finish()
            self.stages[name] = overrides
        }
        try stages.finish()
        try section.finish()
    }

    /// What a stage's job asks for.
    package func resources(of stage: String) -> SlurmResources {
        var resources = common
        guard let overrides = stages[stage] else { return resources }
        resources.partition = overrides.partition ?? resources.partition
        resources.constraint = overrides.constraint ?? resources.constraint
        resources.time = overrides.time ?? resources.time
        resources.memory = overrides.memory ?? resources.memory
        resources.cpus = overrides.cpus ?? resources.cpus
        return resources
    }

    /// Puts values of the command line in place of those for all stages; they hold for every stage.
    package mutating func override(partition: String? = nil, constraint: String? = nil, time: WallTime? = nil) {
        common.partition = partition ?? common.partition
        common.constraint = constraint ?? common.constraint
        common.time = time ?? common.time
        for name in stages.keys.sorted() {
            if partition != nil { stages[name]?.partition = nil }
            if constraint != nil { stages[name]?.constraint = nil }
            if time != nil { stages[name]?.time = nil }
        }
    }

    /// What OpenBLAS is told to use so that its products are the same on all nodes; `nil` where it is not told.
    package var blasCore: String? {
        #if arch(x86_64)
            switch kernelLevel {
            case .scalar: "Nehalem"
            case .avx2: "Haswell"
            case .avx512: "SkylakeX"
            }
        #else
            nil
        #endif
    }
}

extension MemorySize {
    fileprivate static let standard = MemorySize("8G")!
}

extension ConfigurationSection {
    /// A word that goes into an option of `sbatch`: no blanks, no quotes.
    fileprivate mutating func word(_ key: String) throws(RunError) -> String? {
        guard let (text, origin) = try located(key) else { return nil }
        guard SlurmSettings.isWord(text) else {
            throw wrong(key, text, origin, "a name without blanks, quotes and dollar signs")
        }
        return text
    }

    fileprivate mutating func time() throws(RunError) -> WallTime? {
        guard let (text, origin) = try located("time") else { return nil }
        guard let time = WallTime(text) else {
            throw wrong("time", text, origin, "a time as Slurm writes it, of at least a minute: HH:MM:SS or D-HH:MM:SS")
        }
        return time
    }

    fileprivate mutating func memory() throws(RunError) -> MemorySize? {
        guard let (text, origin) = try located("memory") else { return nil }
        guard let memory = MemorySize(text) else {
            throw wrong("memory", text, origin, "an amount of memory as Slurm writes it: 16G or 900M")
        }
        return memory
    }
}

extension SlurmSettings {
    /// Whether a text can stand in an option without quoting.
    package static func isWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.,:+=@*&|()[]-".contains($0)) }
    }

    /// The section's keys, as `gradprint submit --help` prints them.
    package static let reference = """
        slurm.partition       where jobs run; --partition overrides it                     the cluster's default
        slurm.account         whom they are charged to                                     the user's default
        slurm.constraint      features that a node must have; --constraint overrides it
        slurm.time            time limit of one element; --time overrides it               04:00:00
        slurm.memory          of one element                                               8G
        slurm.cpus            of one element, and so its threads                           4
        slurm.options         further options of sbatch, one or a list
        slurm.array_size      elements of a job array at most; --array-size overrides it   64
        slurm.running         elements of one array that run at once; 0: no limit          0
        slurm.kernel_level    scalar | avx2 | avx512: what every node has                  avx2
        slurm.requeues        how often an element that was killed or met a passing fault
                              goes back to the queue                                       3
        slurm.notice          seconds before the time limit at which an element ends       60
        slurm.setup           shell lines a job starts with, one or a list (module load …)
        slurm.gradprint       the executable on the nodes                                  the one that submits
        slurm.stages.STAGE    partition, constraint, time, memory, cpus for one stage
        """
}
