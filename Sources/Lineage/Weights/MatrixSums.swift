internal import Kernels

/// What one pass over a matrix adds up, block by block.
struct MatrixSums: Sendable {
    /// What is to be added up.
    struct Plan: Sendable {
        /// The chosen hidden units; empty when the matrix has no hidden axis or is a vocabulary.
        let units: [UInt32]
        /// Whether the matrix's rows are neurons, whether its columns are.
        let neuronsAreRows: Bool
        let neuronsAreColumns: Bool
    }

    let plan: Plan
    /// Σ w².
    private(set) var square = 0.0
    private let columns: Int
    private var rowTable: [Double]
    private var columnSquares: [Double]
    /// Row-major `[units × columns]`.
    private var unitRows: [Float]

    init(_ matrix: WeightMatrix, roles: MatrixRoles, units: HiddenUnits?) {
        let takes = units != nil && !roles.isVocabulary(rows: matrix.rows, columns: matrix.columns)
        let hidden = units?.hidden
        plan = Plan(
            units: takes ? units!.chosen.map { UInt32($0) } : [],
            neuronsAreRows: takes && matrix.columns == hidden, neuronsAreColumns: takes && matrix.rows == hidden)
        columns = matrix.columns
        let side = plan.units.count
        rowTable = [Double](repeating: 0, count: plan.neuronsAreRows ? side * side : 0)
        columnSquares = [Double](repeating: 0, count: plan.neuronsAreColumns ? columns : 0)
        unitRows = [Float](repeating: 0, count: plan.neuronsAreColumns ? side * columns : 0)
    }

    /// The sums over a block of rows.
    struct Part: Sendable {
        let square: Double
        let rowTable: [Float]
        let columnSquares: [Float]
        /// The rows of chosen units that lie in the block.
        let unitRows: [(unit: Int, row: [Float])]

        init(_ weights: [Float], rows: Range<Int>, matrix: WeightMatrix, plan: Plan) {
            var square = 0.0
            let columns = matrix.columns
            for row in 0..<rows.count {
                let line = weights.span.extracting(row * columns..<(row + 1) * columns)
                square += Double(dot(line, line))
            }
            self.square = square
            rowTable =
                plan.neuronsAreRows
                ? NeuronTable.ofRows(weights, count: rows.count, hidden: columns, units: plan.units) : []
            guard plan.neuronsAreColumns else {
                columnSquares = []
                unitRows = []
                return
            }
            columnSquares = NeuronTable.squares(weights, rows: rows.count, columns: columns)
            var unitRows: [(unit: Int, row: [Float])] = []
            for (index, unit) in plan.units.enumerated() where rows.contains(Int(unit)) {
                let start = (Int(unit) - rows.lowerBound) * columns
                unitRows.append((index, Array(weights[start..<start + columns])))
            }
            self.unitRows = unitRows
        }
    }

    mutating func add(_ part: Part, rows: Range<Int>) {
        square += part.square
        for (index, value) in part.rowTable.enumerated() { rowTable[index] += Double(value) }
        for (index, value) in part.columnSquares.enumerated() { columnSquares[index] += Double(value) }
        for (unit, row) in part.unitRows {
            unitRows.replaceSubrange(unit * columns..<(unit + 1) * columns, with: row)
        }
    }

    /// The tables of neurons, as they are kept.
    func tables() -> (rows: QuantizedScores?, columns: QuantizedScores?) {
        let side = plan.units.count
        let rows = plan.neuronsAreRows ? NeuronTable.scores(rowTable, units: side) : nil
        guard plan.neuronsAreColumns else { return (rows, nil) }
        let table = NeuronTable.ofColumns(seen: unitRows, squares: columnSquares, units: side)
        return (rows, NeuronTable.scores(table.map(Double.init), units: side))
    }
}
