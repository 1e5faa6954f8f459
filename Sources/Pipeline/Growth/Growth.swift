/// How a run has grown: its batches in the order of their rows, and which of them belong together.
///
/// A generation names the growth it stands for, so a rollback takes batches back with everything else.
package struct Growth: Codable, Hashable, Sendable {
    package private(set) var batches: [Batch]
    /// So many batches, from the first on, are what the models are trained on. They are the first segment.
    package private(set) var trained: Int
    /// `merge` has made one segment of the batches from `trained` up to here.
    package private(set) var merged: Int
    /// The number of the next batch.
    package private(set) var nextNumber: Int
    /// Names the rows that had been erased when the models were trained anew; nothing where there were none.
    ///
    /// A purge leaves fingerprints as they are. This makes a training after it another task than the one before it, also
    /// where both are of the same batches.
    package private(set) var erased: String?

    /// A run that a build begins.
    package init(_ first: Batch) {
        batches = [first]
        (trained, merged, nextNumber) = (1, 1, first.number + 1)
    }

    /// The corpus files of all batches, in order.
    package var files: [Batch.File] { batches.flatMap(\.files) }

    /// The files of one batch among those of all.
    package func files(of batch: Int) -> Range<Int> {
        let first = batches[..<batch].reduce(0) { $0 + $1.files.count }
        return first..<first + batches[batch].files.count
    }

    /// The batch that a file belongs to.
    package func batch(ofFile file: Int) -> Int {
        var last = 0
        for (position, batch) in batches.enumerated() {
            last += batch.files.count
            if file < last { return position }
        }
        preconditionFailure("file \(file) of \(last)")
    }

    /// What a batch's ingest is made anew from: what was appended afterwards stays.
    package mutating func replaceFirst(_ batch: Batch) { batches[0] = batch }

    package mutating func append(files: [Batch.File], vectors: Batch.Vectors?) {
        batches.append(Batch(number: nextNumber, files: files, vectors: vectors))
        nextNumber += 1
    }

    /// Makes one segment of all that was appended.
    package mutating func mergeAppended() { merged = batches.count }

    /// Makes all batches the corpus that the models are trained on.
    ///
    /// - Parameter erased: names the rows of these batches that a purge has erased.
    package mutating func retrain(erased: String?) {
        (trained, merged) = (batches.count, batches.count)
        self.erased = erased
    }

    /// Sees to it that no number of another growth is given again.
    package mutating func reserveNumbers(of other: Growth) { nextNumber = max(nextNumber, other.nextNumber) }
}
