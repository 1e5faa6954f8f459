/// A part of the build that is on where it costs little, unless the configuration says otherwise.
package enum Choice: String, CaseIterable, Codable, Sendable {
    /// With a static table, where the ranking is fitted.
    case automatic = "auto"
    case on = "true"
    case off = "false"

    func isOn(automatically: Bool) -> Bool {
        switch self {
        case .automatic: automatically
        case .on: true
        case .off: false
        }
    }
}
