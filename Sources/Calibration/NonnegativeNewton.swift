internal import Kernels

/// Minimises a smooth convex function of a few non-negative numbers by Newton steps along one coordinate at a time.
///
/// A step is halved until it lowers the function, so every sweep does; ends when a sweep gains less than 1e-10.
enum NonnegativeNewton {
    /// Value, and along one coordinate the first and second derivative.
    typealias Function = (_ point: [Double], _ coordinate: Int) -> (value: Double, slope: Double, curvature: Double)

    /// - Parameters:
    ///   - free: coordinates that may be negative too.
    ///   - function: curvature ≥ 0.
    static func minimise(from start: [Double], free: Set<Int> = [], _ function: Function) -> [Double] {
        var point = start
        var value = function(point, 0).value
        for _ in 0..<500 {
            let before = value
            for coordinate in point.indices {
                let (_, slope, curvature) = function(point, coordinate)
                var step = -slope / max(curvature, 1e-12)
                for _ in 0..<30 {
                    var next = point
                    next[coordinate] = point[coordinate] + step
                    if !free.contains(coordinate) { next[coordinate] = max(0, next[coordinate]) }
                    let reached = function(next, coordinate).value
                    if reached <= value {
                        (point, value) = (next, reached)
                        break
                    }
                    step /= 2
                }
            }
            if before - value < 1e-10 { break }
        }
        return point
    }
}
