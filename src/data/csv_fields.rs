//! One line of a table in CSV. Lines are read one by one, so that errors can name them and that a quote which is
//! never closed ends with its line.

/// The fields of a line, quotes resolved (RFC 4180).
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).buffer_capacity(256).from_reader(line.as_bytes());
    // A line of UTF-8 in memory can neither fail to be read nor to be text.
    reader.records().filter_map(Result::ok).flat_map(|row| row.iter().map(String::from).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn quotes_commas_and_doubled_quotes_are_resolved() {
        assert_eq!(fields(r#""a, b",c"#), ["a, b", "c"]);
        assert_eq!(fields(r#""say ""hi""",A"#), [r#"say "hi""#, "A"]);
        assert_eq!(fields(r#"5" disk,B"#), [r#"5" disk"#, "B"]);
        assert_eq!(fields("a,,b"), ["a", "", "b"]);
        assert_eq!(fields(r#""never closed,A"#), ["never closed,A"]);
        assert!(fields("").is_empty());
    }
}
