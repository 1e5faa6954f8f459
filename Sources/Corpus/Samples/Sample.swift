/// One training text.
package struct Sample: Hashable, Sendable {
    package let id: String
    package let text: String
    /// All other fields of its line as one canonical JSON object (members sorted, no whitespace); nil where there are none.
    package let metadata: String?
    /// Where it came from.
    package let place: Place

    /// A line of one of the files of a source.
    package struct Place: Hashable, Sendable {
        /// Index into ``SampleSource/files``.
        package let file: Int
        /// From 1; of a vector, its row in the file from 0.
        package let line: Int

        package init(file: Int, line: Int) {
            self.file = file
            self.line = line
        }
    }

    package init(id: String, text: String, metadata: String? = nil, place: Place) {
        self.id = id
        self.text = text
        self.metadata = metadata
        self.place = place
    }
}

/// The names of the fields that matter.
package struct SampleFields: Hashable, Sendable {
    package var id: String
    package var text: String

    package init(id: String = "id", text: String = "text") {
        precondition(id != text, "id and text are two fields")
        self.id = id
        self.text = text
    }
}
