//! The reports of both sides: each file fetched, held against its MD5, and only then read row by row.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use s3ferry_verify::computed::{Computed, Sum};

use super::table::{Sums, Writing};
use super::{Report, Told};
use crate::completion::{LONGEST_MANIFEST, Manifest, ResultFile, hash};
use crate::ports::{Piece, Versions};
use crate::verify::Failure;
use crate::verify::spill::Spill;

/// Bytes that are asked for at once.
const PIECE: u64 = 2 << 20;

/// Rows of both sides in a group: some 40 MB in memory while it is sorted.
const ROWS: u64 = 400_000;

/// Reads the reports of both sides into a table, in a folder of the run's own.
///
/// # Guarantees
/// A report that is not what its receipt and its manifest say, or that does not tell of as many objects as its job had, is none.
///
/// # Errors
/// [`Failure`].
pub async fn read_reports<W: Versions>(
    world: &W,
    sides: &[Told; 2],
    folder: &Path,
) -> Result<Sums, Failure> {
    let [source, destination] = sides;
    let groups = source.tasks.saturating_add(destination.tasks) / ROWS + 1;
    let groups = usize::try_from(groups).unwrap_or(usize::MAX);
    let one = aside(world, source, groups, folder, "source").await?;
    let two = aside(world, destination, groups, folder, "destination").await?;
    let made = std::cmp::min(&source.made, &destination.made).clone();
    let (of, path) = (source.clone(), folder.join("table"));
    blocking(&of, move || joined(one, two, groups, &path, made)).await
}

/// What a report of a side says, put aside by groups.
async fn aside<W: Versions>(
    world: &W,
    of: &Told,
    groups: usize,
    folder: &Path,
    side: &str,
) -> Result<Spill, Failure> {
    let path = folder.join(format!("{side}-rows"));
    let mut spill = blocking(of, move || Spill::new(&path, groups).map_err(text)).await?;
    let Some(report) = &of.report else {
        return Ok(spill);
    };
    let manifest = manifest(world, of, report).await?;
    let mut rows = 0;
    for file in &manifest.results {
        let path = folder.join(format!("{side}-file"));
        fetched(world, of, report, file, &path).await?;
        let (own, name) = (of.clone(), file.key.clone());
        let read = blocking(of, move || {
            let count = put_aside(&mut spill, &own, groups, &path);
            let count = count.map_err(|why| format!("{name} {why}"))?;
            Ok((spill, count))
        });
        let (back, count) = read.await?;
        spill = back;
        rows += count;
    }
    if rows != of.tasks {
        let why = format!("it tells of {rows} objects, and the job had {}", of.tasks);
        return Err(strange(of, why));
    }
    Ok(spill)
}

fn put_aside(spill: &mut Spill, of: &Told, groups: usize, path: &Path) -> Result<u64, String> {
    let file = File::open(path).map_err(text)?;
    let bucket = of.of.bucket.as_str();
    let read = Sum::read(file, bucket, &of.algorithm, &mut |sum| {
        spill.add(sum.id.group(groups), |to| sum.write(to))
    });
    read.map_err(text)
}

/// The manifest, if it is the one that the receipt tells of.
async fn manifest<W: Versions>(world: &W, of: &Told, report: &Report) -> Result<Manifest, Failure> {
    let mut content = Vec::new();
    loop {
        let piece = piece(world, report, &report.key, content.len() as u64).await?;
        let Some(piece) = piece else { break };
        content.extend(piece);
        if content.len() > LONGEST_MANIFEST {
            return Err(strange(of, "its manifest is too long".to_owned()));
        }
    }
    if content.is_empty() {
        let why = format!("{} is not in {}", report.key, report.bucket.bucket);
        return Err(strange(of, why));
    }
    if hash(&content) != report.sha256 {
        let why = "its manifest is not the one that the receipt tells of".to_owned();
        return Err(strange(of, why));
    }
    Manifest::parse(&content, &report.bucket).map_err(|why| strange(of, why))
}

/// Fetches a file of a report, and holds it against its MD5.
async fn fetched<W: Versions>(
    world: &W,
    of: &Told,
    report: &Report,
    file: &ResultFile,
    path: &Path,
) -> Result<(), Failure> {
    let to: PathBuf = path.to_owned();
    let open = move || Ok(BufWriter::new(File::create(to).map_err(text)?));
    let mut writer = blocking(of, open).await?;
    let (mut sum, mut length) = (Md5::new(), 0);
    while let Some(piece) = piece(world, report, &file.key, length).await? {
        length += piece.len() as u64;
        // Hashing and writing are the work of a thread that may be kept.
        (writer, sum) = blocking(of, move || {
            sum.update(&piece);
            writer.write_all(&piece).map_err(text)?;
            Ok((writer, sum))
        })
        .await?;
    }
    blocking(of, move || writer.flush().map_err(text)).await?;
    if !hex::encode(sum.finalize()).eq_ignore_ascii_case(&file.md5) {
        let why = format!(
            "{} is not what its manifest says: its MD5 is another",
            file.key
        );
        return Err(strange(of, why));
    }
    Ok(())
}

async fn piece<W: Versions>(
    world: &W,
    report: &Report,
    key: &str,
    from: u64,
) -> Result<Option<Vec<u8>>, Failure> {
    let of = Piece {
        bucket: &report.bucket,
        key,
        version: "",
        from,
        most: PIECE,
    };
    let piece = world.piece(of).await?;
    Ok(piece.filter(|piece| !piece.is_empty()))
}

/// Joins what was put aside, group by group, into one table.
fn joined(
    mut source: Spill,
    mut destination: Spill,
    groups: usize,
    path: &Path,
    made: String,
) -> Result<Sums, String> {
    let mut table = Writing::new(path).map_err(text)?;
    for group in 0..groups {
        let one = taken(&mut source, group)?;
        let two = taken(&mut destination, group)?;
        table.add(&Computed::join(one, two)).map_err(text)?;
    }
    table.end(made).map_err(text)
}

fn taken(spill: &mut Spill, group: usize) -> Result<Vec<Sum>, String> {
    let mut sums = Vec::new();
    let taken = spill.take(group, &mut |block| {
        let (whole, _) = block.as_chunks::<{ Sum::LENGTH }>();
        sums.extend(whole.iter().filter_map(Sum::parse));
        Ok(())
    });
    taken.map_err(text)?;
    Ok(sums)
}

fn strange(of: &Told, why: String) -> Failure {
    Failure::Report {
        bucket: of.of.bucket.to_string(),
        job: of.job.clone(),
        why,
    }
}

/// Work for a thread that may be kept.
async fn blocking<T: Send + 'static>(
    of: &Told,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(Failure::stopped)?
        .map_err(|why| strange(of, why))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
