//! The completion report of a job (UG:batch-ops-examples-reports): what failed and with which codes.
//!
//! It is read in pieces, and nothing of it is kept but counts: a report of all tasks has a line for each object. Only files of what
//! failed are opened; how many succeeded S3 counts itself.

use std::collections::BTreeMap;

use s3ferry_core::ids::JobId;
use s3ferry_core::model::BucketRef;

use crate::completion::{LONGEST_MANIFEST, Manifest, hash, manifest_key};
use crate::execute::Context;
use crate::execute::repeat::Stopped;
use crate::ledger::{ReceiptStore, ReportPlace};
use crate::ports::{Jobs, Piece};

/// Bytes of a report that are asked for at once.
const PIECE: u64 = 4 << 20;

/// The longest row that is read: a key of 1,024 bytes may be three times as long when it is encoded.
const LONGEST_ROW: usize = 64 << 10;

/// Codes that are counted apart; what else there is counts together, so that a strange report fills no memory.
const MOST_CODES: usize = 100;

/// What a report says.
pub(in crate::execute::goals) struct Report {
    /// Where it is.
    pub(in crate::execute::goals) at: ReportPlace,
    /// How many objects failed.
    pub(in crate::execute::goals) failed: u64,
    /// By code.
    pub(in crate::execute::goals) codes: BTreeMap<String, u64>,
}

/// Why a report says nothing.
pub(in crate::execute::goals) enum Unread {
    /// A call failed.
    Call(Stopped),
    /// It is not what a report is.
    Strange(String),
}

/// Reads the report of a job; none where there is none.
pub(in crate::execute::goals) async fn read<W: Jobs, R: ReceiptStore>(
    on: &Context<'_, W, R>,
    (bucket, prefix): &(BucketRef, String),
    job: &JobId,
) -> Result<Option<Report>, Unread> {
    let key = manifest_key(prefix, job.as_str());
    let Some(content) = manifest(on, bucket, &key).await? else {
        return Ok(None);
    };
    let sha256 = hash(&content);
    let manifest = Manifest::parse(&content, bucket).map_err(Unread::Strange)?;
    let mut rows = Rows::default();
    for file in manifest.results {
        if !file.is_of_failures() {
            continue;
        }
        count(on, bucket, &file.key, &mut rows).await?;
    }
    Ok(Some(Report {
        at: ReportPlace {
            bucket: bucket.bucket.to_string(),
            key,
            sha256,
        },
        failed: rows.count,
        codes: rows.codes,
    }))
}

async fn manifest<W: Jobs, R: ReceiptStore>(
    on: &Context<'_, W, R>,
    bucket: &BucketRef,
    key: &str,
) -> Result<Option<Vec<u8>>, Unread> {
    let mut content = Vec::new();
    loop {
        match piece(on, bucket, key, content.len() as u64).await? {
            None if content.is_empty() => return Ok(None),
            None => return Ok(Some(content)),
            Some(more) => content.extend(more),
        }
        if content.len() > LONGEST_MANIFEST {
            return Err(Unread::Strange("its manifest is too long".to_owned()));
        }
    }
}

async fn count<W: Jobs, R: ReceiptStore>(
    on: &Context<'_, W, R>,
    bucket: &BucketRef,
    key: &str,
    rows: &mut Rows,
) -> Result<(), Unread> {
    let mut from = 0;
    while let Some(more) = piece(on, bucket, key, from).await? {
        from += more.len() as u64;
        rows.take(&more).map_err(Unread::Strange)?;
    }
    if from == 0 {
        return Err(Unread::Strange(format!("{key} is not there")));
    }
    rows.end();
    Ok(())
}

async fn piece<W: Jobs, R: ReceiptStore>(
    on: &Context<'_, W, R>,
    bucket: &BucketRef,
    key: &str,
    from: u64,
) -> Result<Option<Vec<u8>>, Unread> {
    let of = Piece {
        bucket,
        key,
        version: "",
        from,
        most: PIECE,
    };
    let read = on.repeat(|| on.run.world.piece(of)).await;
    let piece = read.map_err(Unread::Call)?;
    Ok(piece.filter(|piece| !piece.is_empty()))
}

/// Rows of CSV as they come, by their codes.
#[derive(Debug, Default)]
struct Rows {
    count: u64,
    codes: BTreeMap<String, u64>,
    /// The cells of the row that is being read.
    cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    length: usize,
    is_quoted: bool,
    /// Whether the last byte was a quote within quotes: another one makes it a quote of the text.
    ends: bool,
}

/// The column of the codes: the schema names the code before the status, and rows have the status first (seen in real reports).
const COLUMNS: [usize; 2] = [5, 4];

impl Rows {
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        for byte in bytes {
            self.take_one(*byte);
            if self.length > LONGEST_ROW {
                return Err("a row is too long".to_owned());
            }
        }
        Ok(())
    }

    fn take_one(&mut self, byte: u8) {
        self.length += 1;
        match byte {
            b'"' if self.ends => {
                self.cell.push(b'"');
                self.ends = false;
            }
            b'"' if self.is_quoted => self.ends = true,
            b'"' if self.cell.is_empty() => self.is_quoted = true,
            b',' if !self.is_quoted || self.ends => self.end_cell(),
            b'\n' if !self.is_quoted || self.ends => self.end(),
            b'\r' if !self.is_quoted || self.ends => {}
            other => self.cell.push(other),
        }
    }

    fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
        self.is_quoted = false;
        self.ends = false;
    }

    /// Ends a row; an empty one is none.
    fn end(&mut self) {
        self.end_cell();
        self.length = 0;
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().all(Vec::is_empty) {
            return;
        }
        self.count += 1;
        let text = |column: &usize| {
            String::from_utf8_lossy(cells.get(*column)?)
                .into_owned()
                .into()
        };
        let is_code = |text: &String| text.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let code = COLUMNS.iter().filter_map(text).find(is_code);
        let code = code.unwrap_or_else(|| UNSAID.to_owned());
        let is_known = self.codes.contains_key(&code) || self.codes.len() < MOST_CODES;
        let code = if is_known { code } else { UNSAID.to_owned() };
        *self.codes.entry(code).or_default() += 1;
    }
}

/// What stands for a code where a row has none.
const UNSAID: &str = "Unsaid";

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str, piece: usize) -> (u64, Vec<(String, u64)>) {
        let mut rows = Rows::default();
        for part in text.as_bytes().chunks(piece) {
            rows.take(part).unwrap();
        }
        rows.end();
        (rows.count, rows.codes.into_iter().collect())
    }

    #[test]
    fn rows_are_counted_by_their_codes_however_they_are_cut() {
        let text = "b,k,v,failed,500,DstPutObjectNotPermitted,Object replication failed\n\
                    b,\"k,\n\"\"2\",v,failed,500,DstPutObjectNotPermitted,\"a, b\"\r\n\
                    b,k,v,failed,SrcVersionNotFound,500,\n\
                    \n\
                    b,k,v,failed,500,,";
        let wanted = [
            ("DstPutObjectNotPermitted".to_owned(), 2),
            ("SrcVersionNotFound".to_owned(), 1),
            ("Unsaid".to_owned(), 1),
        ];
        for piece in 1..9 {
            assert_eq!(codes(text, piece), (4, wanted.to_vec()), "{piece}");
        }
    }

    #[test]
    fn a_report_of_nothing_but_codes_fills_no_memory() {
        let text: String = (0..500)
            .map(|n| format!("b,k,v,failed,500,Code{n},\n"))
            .collect();
        let (count, codes) = codes(&text, 64);
        assert_eq!((count, codes.len()), (500, MOST_CODES + 1));
    }

    #[test]
    fn a_row_without_an_end_is_refused() {
        let mut rows = Rows::default();
        assert!(rows.take(&vec![b'a'; LONGEST_ROW + 1]).is_err());
    }
}
