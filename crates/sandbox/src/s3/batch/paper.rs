//! What jobs write and read: objects made of text, and lines of CSV.

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::s3::checksum::{Algorithm, Type, md5, of_pieces};
use crate::s3::state::version::{Body, Content, Details, Headers, digest};

/// An object that is written.
pub(super) struct Paper {
    pub(super) body: Bytes,
    pub(super) content_type: &'static str,
}

impl Paper {
    /// Returns it as S3 keeps it.
    pub(super) fn content(self) -> Content {
        let pieces = [self.body.clone()];
        let headers = Headers {
            content_type: Some(self.content_type.into()),
            ..Headers::default()
        };
        let content = Content {
            digest: digest(&md5(&pieces)),
            checksum: Some(of_pieces(Algorithm::Crc64Nvme, Type::FullObject, &pieces)),
            body: Body::from(self.body),
            details: None,
        };
        content.with(Details {
            parts: Box::default(),
            headers,
        })
    }
}

/// Returns the MD5 in hexadecimal digits.
pub(super) fn hex_md5(body: &Bytes) -> String {
    hex::encode(md5(std::slice::from_ref(body)))
}

/// Returns a prefix as a folder; none where it is empty.
pub(super) fn folder(prefix: Option<&str>) -> String {
    match prefix.unwrap_or_default().trim_end_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    }
}

/// Decodes a key of a manifest: they are URL-encoded (UG:batch-ops-create-job), and in inventories a space is a plus.
pub(super) fn decoded(key: &str) -> String {
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8_lossy().into_owned()
}

/// Splits CSV into rows of cells.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            char => cell.push(char),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    rows
}

/// Writes a cell of CSV, quoted where it must be.
pub(super) fn cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_and_without_quotes() {
        let text = "a,b%20c,\r\n\"x\",\"y\"\"z,\",w\n\nlast,,";
        let cells = |row: &[&str]| {
            row.iter()
                .map(|cell| (*cell).to_owned())
                .collect::<Vec<_>>()
        };
        let wanted = [
            cells(&["a", "b%20c", ""]),
            cells(&["x", "y\"z,", "w"]),
            cells(&["last", "", ""]),
        ];
        assert_eq!(rows(text), wanted);
    }

    #[test]
    fn a_cell_is_read_back() {
        for text in ["plain", "a,b", "say \"so\"", "two\nlines"] {
            assert_eq!(rows(&cell(text)), [[text.to_owned()]], "{text}");
        }
        assert_eq!(decoded("a%2Fb+c%2B"), "a/b c+");
    }
}
