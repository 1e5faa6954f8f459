package import Kernels

/// What a method learned from a corpus, as plain matrices with names, so that it can be stored and read again. Settings,
/// corpus and labels are not part of it: they are given again.
package struct MethodState: Sendable, Hashable {
    package struct NamedArray: Sendable, Hashable {
        package let name: String
        package let values: Matrix

        package init(name: String, values: Matrix) {
            self.name = name
            self.values = values
        }
    }

    package private(set) var arrays: [NamedArray]

    package init(_ arrays: [NamedArray] = []) { self.arrays = arrays }

    mutating func append(_ name: String, _ values: Matrix) {
        arrays.append(NamedArray(name: name, values: values))
    }

    /// - Throws: `missingArray`, `wrongShape`.
    func array(_ name: String, rows: Int, columns: Int) throws(BaselineError) -> Matrix {
        guard let values = arrays.first(where: { $0.name == name })?.values else { throw .missingArray(name: name) }
        guard values.rows == rows, values.columns == columns else {
            throw .wrongShape(name: name, expected: [rows, columns], found: [values.rows, values.columns])
        }
        return values
    }
}

extension Matrix {
    /// One row that holds an array.
    init(row elements: [Float]) { self.init(rows: 1, columns: elements.count, elements: elements) }
}
