private import Foundation

// The C library's functions behind names of our own, so that one file says where they come from.

package func logarithm(_ x: Double) -> Double { log(x) }
package func cosine(_ x: Double) -> Double { cos(x) }
package func exponential(_ x: Double) -> Double { exp(x) }

/// The processor cores that this process may run on.
package func activeProcessorCount() -> Int { ProcessInfo.processInfo.activeProcessorCount }
