package import Kernels

/// Makes output-like vectors from vectors of the corpus, where there are no texts: a sample's vector, mixed with
/// another's and with noise.
package enum VectorSimulator {
    /// - Parameters:
    ///   - sample: `[d]`, the source.
    ///   - other: `[d]`, another sample's.
    /// - Returns: a vector of the sample's length, or zeros for a sample of length 0.
    package static func simulate(
        _ sample: [Float], other: [Float], using generator: inout SeededGenerator
    ) -> [Float] {
        let length = dot(sample.span, sample.span).squareRoot()
        guard length > 0 else { return sample }
        let mix = 0.5 * generator.uniform()
        let noise = 0.8 * generator.uniform() * length / Float(sample.count).squareRoot()
        var result = sample.indices.map { (1 - mix) * sample[$0] + mix * other[$0] + noise * generator.normal() }
        let norm = dot(result.span, result.span).squareRoot()
        guard norm > 0 else { return sample }
        for index in result.indices { result[index] *= length / norm }
        return result
    }
}
