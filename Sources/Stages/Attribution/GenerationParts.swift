internal import Pipeline

/// A generation's artifacts by stage.
struct GenerationParts: ArtifactSource {
    let directory: RunDirectory
    let generation: Generation

    func artifacts(of stage: String) throws(RunError) -> [Artifact] {
        var artifacts: [Artifact] = []
        for part in generation.parts[stage] ?? [] { artifacts.append(try directory.artifact(part)) }
        return artifacts
    }
}
