/// Tells which member of a library, and which family, a model belongs to.
package struct LineageClassifier: Sendable {
    package struct Answer: Hashable, Sendable, Codable {
        package let model: String
        package let method: LineageMethod
        /// `nil`: new or unknown.
        package let family: String?
        /// The member of the library that the answer rests on, or would rest on were it near enough.
        package let nearest: String?
        package let nearestBase: String?
        /// 1 − similarity for `weights`, standardised Euclidean for `tensorguard`.
        package let distance: Double?
        /// For `weights` only.
        package let pValue: Double?
        /// Every member that could be compared, the nearest first.
        package let ranking: [Neighbor]

        /// An unknown family is written as `null`, not left out.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(model, forKey: .model)
            try container.encode(method, forKey: .method)
            try container.encode(family, forKey: .family)
            try container.encode(nearest, forKey: .nearest)
            try container.encode(nearestBase, forKey: .nearestBase)
            try container.encode(distance, forKey: .distance)
            try container.encode(pValue, forKey: .pValue)
            try container.encode(ranking, forKey: .ranking)
        }
    }

    package struct Neighbor: Hashable, Sendable, Codable {
        package let name: String
        package let family: String?
        package let isBase: Bool
        package let distance: Double
        package let similarity: Double?
        package let pValue: Double?
        package let verdict: WeightComparison.Verdict?
    }

    package let library: FingerprintLibrary
    /// For `tensorguard`: a model farther than this from every base is unknown.
    package let threshold: Double

    package init(library: FingerprintLibrary, threshold: Double = TensorGuardClassifier.publishedThreshold) {
        self.library = library
        self.threshold = threshold
    }

    /// - Throws: `incomparable` when the library, or a model, lacks what the method needs.
    package func classify(_ models: [ModelFingerprint], method: LineageMethod) throws(LineageError) -> [Answer] {
        guard !library.members.isEmpty else {
            throw .incomparable("\(library.path) holds no fingerprint; `gradprint lineage library add` files some")
        }
        switch method {
        case .weights:
            var answers: [Answer] = []
            for model in models { answers.append(try byWeights(model)) }
            return answers
        case .tensorguard: return try byTensorGuard(models)
        }
    }

    // MARK: weights

    private func byWeights(_ model: ModelFingerprint) throws(LineageError) -> Answer {
        guard let weights = model.weights else { throw Self.lacks(model, .weights) }
        var neighbors: [Neighbor] = []
        for member in library.members {
            guard let other = member.weights else { continue }
            let comparison = WeightComparison(weights, other)
            neighbors.append(
                Neighbor(
                    name: member.model.name, family: member.family, isBase: member.isBase ?? false,
                    distance: 1 - comparison.similarity, similarity: comparison.similarity,
                    pValue: comparison.pValue, verdict: comparison.verdict))
        }
        guard !neighbors.isEmpty else {
            throw .incomparable(
                "no member of \(library.path) has a weights fingerprint; add models, not published features")
        }
        let order: [WeightComparison.Verdict] = [.related, .sharesParts, .unrelated, .incomparable]
        func rank(_ neighbor: Neighbor) -> Int { order.firstIndex(of: neighbor.verdict!)! }
        neighbors.sort {
            let (a, b) = (rank($0), rank($1))
            return a != b ? a < b : $0.distance != $1.distance ? $0.distance < $1.distance : $0.name < $1.name
        }
        let nearest = neighbors[0]
        return Answer(
            model: model.model.name, method: .weights, family: nearest.verdict == .related ? nearest.family : nil,
            nearest: nearest.name, nearestBase: neighbors.first { $0.isBase }?.name, distance: nearest.distance,
            pValue: nearest.pValue, ranking: neighbors)
    }

    // MARK: tensorguard

    private func byTensorGuard(_ models: [ModelFingerprint]) throws(LineageError) -> [Answer] {
        let members = library.members.filter { $0.tensorguard != nil }
        let bases = members.indices.filter { members[$0].isBase ?? false }
        guard !bases.isEmpty else {
            throw .incomparable(
                "\(library.path) holds no base with a tensorguard fingerprint; k-means starts at the bases")
        }
        var features = members.map { $0.tensorguard! }
        for model in models {
            guard let own = model.tensorguard else { throw Self.lacks(model, .tensorguard) }
            features.append(own)
        }
        let classifier = TensorGuardClassifier(models: features, bases: bases)
        return models.indices.map { index in
            let row = members.count + index
            let assignment = classifier.assignments[row]
            let neighbors = members.indices.map { member in
                Neighbor(
                    name: members[member].model.name, family: members[member].family,
                    isBase: members[member].isBase ?? false,
                    distance: TensorGuardClassifier.distance(
                        classifier.standardized[row], classifier.standardized[member]),
                    similarity: nil, pValue: nil, verdict: nil)
            }.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            let base = members[assignment.base]
            return Answer(
                model: models[index].model.name, method: .tensorguard,
                family: assignment.distanceToNearest <= threshold ? base.family : nil, nearest: base.model.name,
                nearestBase: members[assignment.nearestBase].model.name, distance: assignment.distanceToCenter,
                pValue: nil, ranking: neighbors)
        }
    }

    private static func lacks(_ model: ModelFingerprint, _ method: LineageMethod) -> LineageError {
        .incomparable(
            "the fingerprint of \(model.model.name) has no \(method.rawValue) part; take it again without --method")
    }
}
