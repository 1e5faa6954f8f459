/// The keys of a pipeline's YAML, as `gradprint build --help` prints them. A test compares it with what is read.
package enum ConfigurationReference {
    package static let text = """
        profile                   default | paper (the reference method); sets the defaults marked P       default
        seed                      every random choice follows from it                                      42
        run_dir                   the run directory; --run-dir overrides it
        workers                   threads in all; 0: one a core                                            0
        corpus.files              JSONL files or vector files, one or a list; - reads standard input       required
        corpus.ids                one id a line, for vector files                                          row numbers
        corpus.fields.id          key of the id                                                            id
        corpus.fields.text        key of the text; all other keys are kept as metadata                     text
        corpus.on_error           stop | skip: what a broken line does                                     stop
        corpus.passage.tokens     cut texts into passages of so many words and punctuation marks           off
        corpus.passage.stride     distance of their beginnings                                             3/4 of tokens
        corpus.shard_rows         rows a shard, the unit of work and resume                                50000
        tokens.prior              μ of the token probe, in mean lengths of a text                          3
        tokens.near               auto | true | false: near words count too; auto: with a table, to rank      auto
        embed.path                a sentence-transformers folder, or vectors (.npy .safetensors .fbin .fvecs)
        embed.normalise           scale embeddings to length 1                                             true
        embed.sentences           auto | true | false: embed each sentence too; auto: with a table, to rank  auto
        cluster.clusters          C, the number of pseudo-labels                                           10
        cluster.sample_rows       rows that k-means sees                                                   65536
        cluster.iterations        at most so many                                                          50
        cluster.tolerance         stop when inertia falls by less, relatively                              0.0001
        probe.kind                linear | hidden                                                          linear
        probe.hidden_units        of the hidden layer                                                      64
        probe.l2                  weight of the squared norm in the loss                                   0.0001
        probe.tolerance           converged when no gradient component is larger                           0.0001
        probe.iterations          at most so many                                                          500
        probe.sample_rows         rows that the probe is trained on                                        65536
        fingerprint.combine       P weighted: blocks of length √weight | raw: as they are                  weighted
        fingerprint.dimension     m, numbers of the projected gradient                                     32
        fingerprint.distribution  rademacher | gaussian                                                    rademacher
        fingerprint.embedding_weight   weight of the embedding's cosine                                    1
        fingerprint.signature_weight   weight of the gradient signature's cosine                           0
        fingerprint.token_dimension    m of the token signature                                            256
        fingerprint.token_weight       weight of the token signature's cosine; for texts                   0
        index.kind                P auto | flat: exact | partitioned; auto: flat up to 250,000 rows         auto
        index.metric              P inner_product | l2                                                     inner_product
        index.bits                bits a number of a partitioned index' codes, 1 to 8                       6
        index.partitions          0: by the rows and the dimension (docs/index.md)                         0
        index.recall              P share of the ten nearest to be found; 0.95 where words find nothing    0.9
        index.probes              partitions to look into; 0: as few as reach the recall                   0
        influence.damping         P λ in H + λI; stands for the probe's own l2                             0.0001
        influence.iterations      P T of LiSSA, or converged: the exact solution                           converged
        influence.scale           μ of LiSSA; 0: 1.1·(λ_max + λ) from a power iteration                    0
        influence.hessian_rows    rows that define H, or all                                               5000
        influence.prepare_limit   prepare LiSSA's polynomial up to so many probe parameters                8192
        refine.candidates         P how many each index gives for each output                              100
        refine.postings           postings of the words that find rows, rarest first; 0: all words find     100000
        refine.rank_by            P fitted: all evidence, weighted by the build | similarity | influence   fitted
        calibrate.outputs         simulated outputs that the weights are fitted on                         1000
        calibrate.nulls           those that say what chance looks like, and as many excerpts of them      2000
        retention.label           keep | drop: drop deletes a stage's files once every reader is done      keep
        retention.project         keep | drop                                                              drop
        retention.shard-index     keep | drop                                                              drop
        slurm                     resources of jobs on a cluster; `gradprint submit --help` lists its keys
        """
}
