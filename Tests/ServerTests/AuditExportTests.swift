import Storage
import Testing

@testable import Server

@Suite("Exports of the audit log")
struct AuditExportTests {
    @Test(
        "a cell that a spreadsheet would run becomes a text",
        arguments: [
            ("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
            ("=1,2", "\"'=1,2\""), ("a=b", "a=b"), ("", ""),
        ])
    func formulas(text: String, cell: String) {
        #expect(AuditExport.cell(text) == cell)
    }

    @Test("RFC 4180 §2: quotation marks, commas and line breaks are quoted, lines end with CRLF")
    func quoting() {
        #expect(AuditExport.line(["a", "b,c", "d\"e", "f\ng", "h\r\ni"]) == "a,\"b,c\",\"d\"\"e\",\"f\ng\",\"h\r\ni\"\r\n")
    }

    @Test("a cursor reads as the place that it was made of, and nothing else reads")
    func cursors() {
        let text = AuditCursor.text(AuditPosition(at: 1_795_525_509, sequence: 12))
        #expect(AuditCursor.read(text) == AuditPosition(at: 1_795_525_509, sequence: 12))
        for wrong in ["", "x", "MQ", text + "A", "!"] { #expect(AuditCursor.read(wrong) == nil) }
    }
}
