internal import Kernels

/// Minimises a smooth convex function of a few non-negative numbers by Newton steps along one coordinate at a time.
///
/// A step is halved until it lowers the function, so every sweep does; ends when a sweep gains less than 1e-10. After a sweep
/// its way is gone on in doubled strides while that lowers the function (the pattern moves of Hooke & Jeeves, 1961): in the
/// valley of two features that say nearly the same, steps along one coordinate are short.
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
            let (before, origin) = (value, point)
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
            let way = zip(point, origin).map { $0 - $1 }
            var stride = 1.0
            while stride < 1e6 {
                let next = point.indices.map { index in
                    let moved = point[index] + stride * way[index]
                    return free.contains(index) ? moved : max(0, moved)
                }
                let reached = function(next, 0).value
                guard reached < value else { break }
                (point, value) = (next, reached)
                stride *= 2
            }
            if before - value < 1e-10 { break }
        }
        return point
    }
}
