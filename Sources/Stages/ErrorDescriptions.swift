internal import Clustering
internal import Corpus
internal import Embedding
package import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

extension RunError {
    /// Any error of the parts below as a person sees it, with the exit code of its kind.
    package init(describing error: any Error) {
        switch error {
        case let error as RunError: self = error
        case let error as CorpusError: self.init(error)
        case let error as StorageError: self.init(error, damaged: .badInput)
        case let error as IndexError: self.init(error)
        case let error as EmbeddingError: self.init(error)
        case let error as ClusteringError: self.init(.badInput, "\(error)")
        case let error as ProbingError: self.init(.badInput, "\(error)")
        default: self.init(.defect, "\(error)")
        }
    }
}
