private import Foundation

// The C library's functions behind names of our own, so that one file says where they come from.

package func logarithm(_ x: Double) -> Double { log(x) }
/// log(1 + x), exact to the last bits also where x is tiny.
package func logarithm1p(_ x: Double) -> Double { log1p(x) }
package func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
package func cosine(_ x: Double) -> Double { cos(x) }
package func exponential(_ x: Double) -> Double { exp(x) }
