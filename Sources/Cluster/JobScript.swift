internal import Kernels
internal import Pipeline

/// The shell script that every element of every job of a submission runs. Its arguments say which: the stage, the
/// number of ranks and the time limit in seconds.
package struct JobScript: Sendable {
    /// The run directory.
    package let run: String
    /// What `RUN/slurm/token` holds: whoever does not find it there does not see the run that was submitted.
    package let token: String
    /// The executable on the nodes.
    package let executable: String
    package let settings: SlurmSettings

    package init(run: String, token: String, executable: String, settings: SlurmSettings) {
        self.run = run
        self.token = token
        self.executable = settings.executable ?? executable
        self.settings = settings
    }

    /// A word of the shell that stands for just this text.
    package static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }

    package var text: String {
        let core = settings.blasCore.map { " OPENBLAS_CORETYPE=\($0)" } ?? ""
        let setup = settings.setup.map { $0 + "\n" }.joined()
        return """
            #!/bin/bash
            # An element of a build's stage as a Slurm job: STAGE, WORLD_SIZE, WALLTIME (seconds).
            run=\(Self.quoted(run))
            token=\(Self.quoted(token))
            gradprint=\(Self.quoted(executable))
            stage=$1 world=$2 walltime=$3 rank=${SLURM_ARRAY_TASK_ID:-0} restarts=${SLURM_RESTART_COUNT:-0}
            # Results differ in their last bits between instruction sets, so all nodes use one.
            export GRADPRINT_KERNELS=\(settings.kernelLevel.rawValue)\(core)

            # Where the run directory cannot be seen, the job's comment is the one place to say so.
            refuse() {
                echo "gradprint: $1" >&2
                scontrol update JobId="$SLURM_JOB_ID" Comment="$1"
                exit 66
            }
            [ "$(cat "$run/slurm/token" 2>/dev/null)" = "$token" ] || refuse "$(hostname) does not see the run directory \
            $run as it was submitted: put it on a filesystem that all nodes share, or submit again if it was moved"
            exec >>"$run/slurm/logs/$stage-$rank.log" 2>&1
            [ -x "$gradprint" ] || refuse "$(hostname) has no executable $gradprint: install it on a filesystem that \
            all nodes share, or name the nodes' own with slurm.gradprint"

            \(setup)command=(stage "$stage" "$run/slurm/pipeline.yaml" --rank "$rank" --world-size "$world")
            [ "$stage" = \(ArrayJob.publish) ] && command=(\(ArrayJob.publish) "$run/slurm/pipeline.yaml")
            child= told=
            trap 'told=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
            "$gradprint" "${command[@]}" --run-dir "$run" --workers "${SLURM_CPUS_PER_TASK:-1}" \\
                --submission "$token" --walltime "$walltime" &
            child=$!
            [ -z "$told" ] || kill -TERM "$child" 2>/dev/null # told before there was a child to tell
            told=1
            while [ "$told" ]; do told=; wait "$child"; code=$?; done

            if [ "$code" -gt 128 ]; then  # killed, so that it could not say why itself
                part="$run/failures/$stage-$rank.json.$SLURM_JOB_ID.part"
                printf '{"exitCode":%d,"host":"%s","job":"%s","rank":%d,"reason":"%s","stage":"%s","time":"%s","worldSize":%d}\\n' \\
                    "$code" "$(hostname)" "$SLURM_JOB_ID" "$rank" \\
                    "killed by signal $((code - 128)): out of memory if it is 9 and nobody killed it; see slurm.memory" \\
                    "$stage" "$(date -u +%FT%TZ)" "$world" >"$part" &&
                    mv "$part" "$run/failures/$stage-$rank.json"
                rm -f "$run/slurm/running/$stage-$rank.json"
            fi
            case $code in
            0) exit 0 ;;
            \(RunError.Kind.interrupted.rawValue)) ;; # told to end, after it got on
            \(RunError.Kind.inputOutput.rawValue) | \(RunError.Kind.locked.rawValue)) [ "$restarts" -lt \(settings.requeues) ] || exit "$code" ;;
            *) [ "$code" -gt 128 ] && [ "$restarts" -lt \(settings.requeues) ] || exit "$code" ;;
            esac
            echo "gradprint: element $rank of $stage ended with code $code and goes back to the queue"
            scontrol requeue "$SLURM_JOB_ID" && sleep 600 # the requeue ends this script
            exit "$code"

            """
    }

    /// The arguments of `sbatch` for one job.
    ///
    /// - Parameter dependencies: the ids of the jobs that have to succeed before.
    package func submission(of job: ArrayJob, dependencies: [String]) -> [String] {
        let resources = job.resources
        var arguments = ["--parsable", "--job-name=gradprint-\(job.stage)"]
        if !dependencies.isEmpty {
            arguments += ["--dependency=afterok:" + dependencies.joined(separator: ":"), "--kill-on-invalid-dep=yes"]
        }
        let running = settings.running.map { "%\($0)" } ?? ""
        arguments.append("--array=\(job.array)\(running)")
        if let partition = resources.partition { arguments.append("--partition=\(partition)") }
        if let account = resources.account { arguments.append("--account=\(account)") }
        if let constraint = resources.constraint { arguments.append("--constraint=\(constraint)") }
        arguments += [
            "--time=\(resources.time)", "--mem=\(resources.memory)", "--nodes=1", "--ntasks=1",
            "--cpus-per-task=\(resources.cpus)", "--requeue", "--signal=B:TERM@\(settings.notice)", "--chdir=/",
            "--output=/dev/null",
        ]
        return arguments + resources.options
            + ["\(run)/slurm/\(Self.fileName)", job.stage, "\(job.worldSize)", "\(resources.time.seconds)"]
    }

    package static let fileName = "element.sh"

    /// Everything that a submission does, as a shell script that a person reads, or runs.
    package func rehearsal(of jobs: [ArrayJob]) -> String {
        var lines = "# \(run)/slurm/\(Self.fileName)\n\(text)\n# The jobs, each after those it reads from:\n"
        for job in jobs {
            let dependencies = job.dependencies.map { "$" + Self.variable($0) }
            let words = submission(of: job, dependencies: dependencies).map { word in
                if word.hasPrefix("--dependency") { return "\"\(word)\"" }
                return word.allSatisfy { "-=:/._%,".contains($0) || $0.isLetter || $0.isNumber }
                    ? word : Self.quoted(word)
            }
            lines += "\(Self.variable(job.stage))=$(sbatch \(words.joined(separator: " ")))\n"
        }
        return lines
    }

    private static func variable(_ stage: String) -> String { stage.replacing("-", with: "_") }
}
