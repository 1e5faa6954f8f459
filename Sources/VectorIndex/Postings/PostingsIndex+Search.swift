extension PostingsIndex {
    /// The `count` best rows of each query: ``SegmentedPostings/search(_:scorer:count:budget:filter:workers:)`` of this
    /// index alone.
    package func search<Scorer: PostingsScorer>(
        _ queries: [Scorer.Query], scorer: Scorer, count: Int, budget: Int? = nil, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        try SegmentedPostings([self]).search(
            queries, scorer: scorer, count: count, budget: budget, filter: nil, workers: workers)
    }
}
