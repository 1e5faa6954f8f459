package import Influence
package import Probing

/// Why a method cannot be prepared or asked.
package enum BaselineError: Error, Hashable, CustomStringConvertible {
    /// Rows of another dimension than the corpus'.
    case wrongDimension(expected: Int, found: Int)
    /// A label that names no class of the probe.
    case labelOutOfRange(row: Int, label: UInt32, classes: Int)
    /// A row with a NaN or an infinity.
    case notFinite(row: Int)
    case noRows
    /// The matrices of an exact solve would take more bytes than allowed.
    case tooManyParameters(parameters: Int, bytes: Int, allowed: Int)
    /// A stored state without one of its arrays.
    case missingArray(name: String)
    /// A stored array of another shape than the settings and the corpus ask for.
    case wrongShape(name: String, expected: [Int], found: [Int])
    /// A view of a row that is not in the corpus.
    case viewOutOfRange(view: Int, row: Int, rows: Int)
    case probing(ProbingError)
    case influence(InfluenceError)

    package var description: String {
        switch self {
        case .wrongDimension(let expected, let found):
            "the rows have dimension \(found) and the method was prepared with \(expected): use one embedder for both"
        case .labelOutOfRange(let row, let label, let classes):
            "row \(row) has label \(label), but the probe has \(classes) classes (0 … \(classes - 1))"
        case .notFinite(let row): "row \(row) has a value that is not finite"
        case .noRows: "there are no rows to attribute to"
        case .tooManyParameters(let parameters, let bytes, let allowed):
            "an exact solve for \(parameters) parameters takes \(bytes) bytes and \(allowed) are allowed: use LiSSA, or fewer classes"
        case .missingArray(let name): "the stored state has no array \"\(name)\": prepare the method again"
        case .wrongShape(let name, let expected, let found):
            "the stored array \"\(name)\" is \(found) and must be \(expected): prepare the method again"
        case .viewOutOfRange(let view, let row, let rows):
            "view \(view) is of row \(row), but the corpus has \(rows) rows"
        case .probing(let error): error.description
        case .influence(let error): error.description
        }
    }
}

/// Runs `body`, turning a probe's errors into a method's.
func probing<Value>(_ body: () throws(ProbingError) -> Value) throws(BaselineError) -> Value {
    do { return try body() } catch { throw .probing(error) }
}

/// Runs `body`, turning a solver's errors into a method's.
func solving<Value>(_ body: () throws(InfluenceError) -> Value) throws(BaselineError) -> Value {
    do { return try body() } catch { throw .influence(error) }
}
