extension String {
    /// nil where the bytes are not UTF-8.
    init?(utf8 bytes: ArraySlice<UInt8>) {
        // Most texts are ASCII, and telling that is much quicker than the library's check.
        let ascii = bytes.withUnsafeBufferPointer { $0.reduce(0, |) < 0x80 ? String(decoding: $0, as: UTF8.self) : nil }
        guard let text = ascii ?? String(validating: bytes, as: UTF8.self) else { return nil }
        self = text
    }
}
