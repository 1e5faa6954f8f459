internal import ArgumentParser

@main
struct Gradprint: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradprint",
        abstract: "Finds which training samples a model's output came from.",
        discussion: """
            A corpus becomes an index of fingerprints, once:

              gradprint build pipelines/default.yaml --set corpus.files=CORPUS.jsonl \\
                --set embed.path=MODEL_FOLDER --run-dir RUN

            Then a log of outputs is attributed against it, as often as you like:

              gradprint attribute OUTPUTS.jsonl --run-dir RUN --output ATTRIBUTIONS.jsonl

            Exit codes: 0 done; 64 wrong usage; 65 bad input; 66 a named file is missing; 70 a defect of gradprint; \
            73 not enough memory or disk; 74 reading or writing failed; 75 another process holds the run; \
            76 a file of the run is damaged; 77 no permission; 78 wrong configuration; 79 parts that do not fit \
            together; 80 told to end before it was done (an element of a job array).
            """,
        version: "0.1.0",
        subcommands: [
            BuildCommand.self, AppendCommand.self, DeleteCommand.self, MergeCommand.self, RollbackCommand.self,
            AttributeCommand.self, EvaluateCommand.self, StatusCommand.self, CheckCommand.self,
            InspectCommand.self, ExportCommand.self, SubmitCommand.self, StageCommand.self, PublishCommand.self,
            DistillCommand.self, LineageCommand.self,
        ]
    )
}
